// SPDX-License-Identifier: Apache-2.0
// Export records as a TSEM v4 kernel spells them: names unescaped.

const ID = "fc25d4b303781ccb67ec0f233bf1b42bde4874da851944a08ce65579b832f200";
const DIGEST = "55b89ab22bee4792a210f493a53fb066accd5d30b69837c28d98be5ff863efcf";

export interface KernelRecord {
  readonly kind?: "event" | "async_event" | "log";
  readonly pid?: number;
  readonly taskId?: string;
  readonly process?: string;
}

/** An open of `pathname`, whatever it holds. */
export function openRecord(pathname: string, options: KernelRecord = {}): string {
  const { kind = "event", pid = 81, taskId = ID, process = "sh" } = options;
  return (
    `{"export": {"type": "${kind}"}, "event": {"pid": "${pid}", "context": "2", "number": "${pid}", "process": "${process}", ` +
    `"type": "file_open", "ttd": "35", "p_ttd": "35", "task_id": "${taskId}", "p_task_id": "${taskId}", "ts": "4131922"}, ` +
    `"COE": {"uid": "0", "euid": "0", "suid": "0", "gid": "0", "egid": "0", "sgid": "0", "fsuid": "0", "fsgid": "0", "capeff": "0x1ffffffffff"}, ` +
    `"file_open": {"file": {"flags": "32768", "inode": {"uid": "0", "gid": "0", "mode": "0100755", "s_magic": "0xef53", "s_id": "vda", ` +
    `"s_uuid": "11111111222233334444555555555555"}, "path": {"dev": {"major": "254", "minor": "0"}, "pathname": "${pathname}"}, "digest": "${DIGEST}"}}}`
  );
}

export function aggregateRecord(value: string): string {
  return `{"export": {"type": "aggregate"}, "aggregate": {"value": "${value}"}}`;
}

/** What kernels before April 2025 write of an untrusted task. */
export const SHORT_LOG =
  '{"export": {"type": "log"}, "log": {"process": "sh", "event": "file_open", "action": "DENY"}}';

/** What kernels write for tun devices. */
export const NO_CONTENT = '{"export": {"type": "event"}, }';
