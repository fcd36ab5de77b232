// SPDX-License-Identifier: Apache-2.0
// Lines as TSEM kernels write them: names go in as they are, nothing is escaped.

export const TASK_ID: string = "7a".repeat(32);
export const PTASK_ID: string = "78".repeat(32);
export const CONTENT: string = "ec".repeat(32);
export const UUID: string = "1111111122223333".repeat(2);

/** Members of `event` behind `pid`, by the year of the kernel. */
export interface LineOptions {
  /** Of `export`; a trajectory line without it. */
  readonly kind?: "event" | "async_event" | "log" | "";
  readonly process?: string;
  /** Text between `pid` and `process`. */
  readonly serials?: string;
}

export const COE_TEXT: string =
  '{"uid": "0", "euid": "0", "suid": "0", "gid": "0", "egid": "0", "sgid": "0", "fsuid": "0", "fsgid": "0", "capeff": "0x1ffffffffff"}';

/** A whole record of one hook, with the text of its CELL. */
export function aLine(hook: string, cell: string, options: LineOptions = {}): string {
  const { kind = "event", process = "bash", serials = '"context": "1", "number": "5", ' } = options;
  const start = kind === "" ? "{" : `{"export": {"type": "${kind}"}, `;
  const pid = kind === "" ? "" : '"pid": "1234", ';
  return (
    `${start}"event": {${pid}${serials}"process": "${process}", "type": "${hook}", "ttd": "11", "p_ttd": "10", ` +
    `"task_id": "${TASK_ID}", "p_task_id": "${PTASK_ID}", "ts": "106001000234"}, "COE": ${COE_TEXT}, "${hook}": ${cell}}`
  );
}

export const INODE_TEXT: string = `{"uid": "0", "gid": "0", "mode": "0100755", "s_magic": "0xef53", "s_id": "vda", "s_uuid": "${UUID}"}`;

/** A path of a kernel of 2024. */
export const pathText = (name: string): string =>
  `{"dev": {"major": "254", "minor": "0"}, "pathname": "${name}"}`;

/** A path of a kernel of 2025, which says what its root is. */
export const typedPathText = (name: string): string =>
  `{"dev": {"major": "254", "minor": "0"}, "type": "root", "pathname": "${name}"}`;

export const fileText = (path: string): string =>
  `{"flags": "32768", "inode": ${INODE_TEXT}, "path": ${path}, "digest": "${CONTENT}"}`;

/** Opening a file, as a kernel of 2024 says it. */
export const openLine = (name: string, options: LineOptions = {}): string =>
  aLine("file_open", `{"file": ${fileText(pathText(name))}}`, options);

/** The same of a kernel of 2025. */
export const openLine2025 = (name: string): string =>
  aLine("file_open", `{"file": ${fileText(typedPathText(name))}}`, {
    serials: '"tnum": "77", "context": "1", "number": "5", ',
  });

/** Making a symbolic link: two names that a workload chooses. */
export const symlinkLine = (name: string, target: string): string =>
  aLine(
    "inode_symlink",
    `{"dir": ${INODE_TEXT}, "dentry": {"path": ${pathText(name)}}, "old_name": "${target}"}`,
  );
