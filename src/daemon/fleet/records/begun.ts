// SPDX-License-Identifier: Apache-2.0
// Runs that have begun and of which nothing is on the disk of the spool yet: a file that survives a kill -9 in between.
import { appendFileSync, existsSync, readFileSync, truncateSync } from "node:fs";

export class BegunRuns<Mark> {
  readonly #path: string;
  #isEmpty: boolean;

  constructor(path: string) {
    this.#path = path;
    this.#isEmpty = !existsSync(path);
  }

  /** Of an earlier daemon. A line that was cut is of a run that had not begun. */
  left(): readonly Mark[] {
    if (this.#isEmpty) return [];
    return readFileSync(this.#path, "utf8")
      .split("\n")
      .flatMap((line) => {
        try {
          return [JSON.parse(line) as Mark];
        } catch {
          return [];
        }
      });
  }

  /** On return a kill -9 can not make it forgotten. @throws Error of the file system */
  add(mark: Mark): void {
    appendFileSync(this.#path, `${JSON.stringify(mark)}\n`, { mode: 0o600 });
    this.#isEmpty = false;
  }

  /** The spool has all of them. @throws Error of the file system */
  clear(): void {
    if (this.#isEmpty) return;
    truncateSync(this.#path, 0);
    this.#isEmpty = true;
  }
}
