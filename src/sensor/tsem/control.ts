// SPDX-License-Identifier: Apache-2.0
// The control file, as the orchestrating thread writes it: one command a write, the errno as a value.
import { closeSync } from "node:fs";
import { writeOnce } from "../../native/tsem.ffi.ts";
import { replyCommand } from "./commands.ts";
import type { Authority } from "./commands.ts";
import { openControl } from "./files.ts";
import type { TsemFiles } from "./files.ts";

/** What became of a command: done, or the name of the errno. */
export type Outcome = "done" | string;

export class Control {
  readonly fd: number;
  /** Known once the namespace has been made. */
  authority: Authority = "tnum";

  /** @throws TsemError NOT_PERMITTED */
  constructor(files: TsemFiles) {
    this.fd = openControl(files);
  }

  /** One command, newline included. */
  write(command: string): Outcome {
    const bytes = Buffer.from(command, "latin1");
    for (;;) {
      const written = writeOnce(this.fd, bytes);
      if (written === "EINTR") continue;
      if (typeof written === "string") return written;
      return written === bytes.length ? "done" : "EIO";
    }
  }

  /** Lets a waiting task go on, as one that keeps to the model or as one that does not. */
  reply(trusted: boolean, pid: number, tnum: bigint): Outcome {
    return this.write(replyCommand(trusted, pid, tnum, this.authority));
  }

  close(): void {
    closeSync(this.fd);
  }
}
