// SPDX-License-Identifier: Apache-2.0
// What the main thread does about a namespace of the BPF sensor while the worker serves it: says that it dies, ends questions that
// nobody answers, and tells the worker that nothing is left.
import { readSync, writeSync } from "node:fs";
import { abortFuse } from "../../native/fuse.ffi.ts";
import { closeFd, makePipe } from "../../native/tsem.ffi.ts";
import { type AgentPlace, NamespaceFlag, openNamespaceView } from "../../sensor/bpf/index.ts";

/** gone: no process of the workload is left. stays: the kernel goes on with the namespace, and another Galgo with the run. */
export type NamespaceEnd = "gone" | "stays";

/** A pipe whose end tells the worker that it has nothing to serve any more. */
export class GonePipe {
  readonly readFd: number;
  readonly #writeFd: number;
  #told = false;

  constructor() {
    [this.readFd, this.#writeFd] = makePipe();
  }

  /** @returns false when it was told before */
  tell(end: NamespaceEnd): boolean {
    if (this.#told) return false;
    this.#told = true;
    if (end === "stays") writeSync(this.#writeFd, "s");
    closeFd(this.#writeFd);
    return true;
  }

  close(): void {
    this.tell("gone");
    closeFd(this.readFd);
  }
}

/** What was told. @param readFd of a `GonePipe`, readable */
export function toldEnd(readFd: number): NamespaceEnd {
  return readSync(readFd, Buffer.alloc(1)) === 0 ? "gone" : "stays";
}

export class ProgramsControl {
  readonly #place: AgentPlace;
  readonly #view: ReturnType<typeof openNamespaceView>;

  constructor(place: AgentPlace) {
    this.#place = place;
    this.#view = openNamespaceView(place);
  }

  /** Living tasks of the namespace. */
  get tasks(): number {
    return Number(this.#view.counter("tasks"));
  }

  /** From now on whoever waits or asks is refused, and nobody forks. */
  die(): void {
    this.#view.raise(NamespaceFlag.dying);
  }

  /** From now on nothing is told, asked or refused. */
  release(): void {
    this.#view.lower(NamespaceFlag.active);
  }

  /** A worker that is late answers nobody: those who wait get an error, so that they can be killed. */
  abort(): void {
    this.die();
    abortFuse(this.#place.connection);
  }

  close(): void {
    this.#view.close();
  }
}
