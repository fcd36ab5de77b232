// SPDX-License-Identifier: Apache-2.0
// processes.jsonl of a run: when processes of the workload were first seen, ran another program, and were last seen. Lines wait in memory until there
// are many or the run has ended, so they are no evidence: who kills Galgo loses them. Read back by report/process-records.ts.
import { shown } from "../../event/index.ts";
import type { SeenProcess } from "../../sensor/sensor.ts";
import { MAX_BUFFERED_PROCESS_BYTES, MAX_PROCESS_LINES } from "../limits.ts";
import { openRecordLog } from "./record-log.ts";
import type { RecordLog } from "./record-log.ts";

/** One line. `at`: ns, monotonic, as text; `cut` stands in the last line when there were more than may be kept. */
export type ProcessLine =
  | {
      readonly what: "start" | "end";
      readonly at: string;
      readonly pid: number;
      readonly ppid: number;
      readonly name: string;
      readonly task: string;
      readonly untrusted: boolean;
    }
  | {
      readonly what: "exec";
      readonly at: string;
      readonly pid: number;
      readonly name: string;
      readonly task: string;
    }
  | { readonly what: "cut"; readonly lines: number };

/** What one exec tells. */
export interface SeenExec {
  readonly pid: number;
  readonly process: string;
  readonly taskId: string;
  readonly ts: bigint;
}

export class ProcessLog {
  readonly #log: RecordLog;
  #untold = 0;

  /** @throws RecordFileError WRITE_FAILED */
  constructor(path: string) {
    this.#log = openRecordLog(path, MAX_BUFFERED_PROCESS_BYTES);
  }

  seen({ what, ts, pid, ppid, process: name, taskId: task, untrusted }: SeenProcess): void {
    this.#add({ what, at: `${ts}`, pid, ppid, name, task, untrusted });
  }

  execed({ ts, pid, process: name, taskId: task }: SeenExec): void {
    this.#add({ what: "exec", at: `${ts}`, pid, name, task });
  }

  close(): void {
    if (this.#untold > 0) this.#append({ what: "cut", lines: this.#untold });
    this.#log.close();
  }

  #add(line: ProcessLine): void {
    if (this.#log.count >= MAX_PROCESS_LINES) this.#untold += 1;
    else this.#append(line);
  }

  #append(line: ProcessLine): void {
    this.#log.append(shown(JSON.stringify(line)));
  }
}
