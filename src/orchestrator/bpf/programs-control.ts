// SPDX-License-Identifier: Apache-2.0
// What the main thread does about a namespace of the BPF sensor while the worker serves it: says that it dies, ends questions that
// nobody answers, and tells the worker that nothing is left.
import { abortFuse } from "../../native/fuse.ffi.ts";
import { closeFd, makePipe } from "../../native/tsem.ffi.ts";
import { type AgentPlace, NamespaceFlag, openNamespaceView } from "../../sensor/bpf/index.ts";

/** A pipe whose end tells the worker that nothing has to be modeled any more. */
export class GonePipe {
  readonly readFd: number;
  readonly #writeFd: number;
  #told = false;

  constructor() {
    [this.readFd, this.#writeFd] = makePipe();
  }

  tell(): void {
    if (this.#told) return;
    this.#told = true;
    closeFd(this.#writeFd);
  }

  close(): void {
    this.tell();
    closeFd(this.readFd);
  }
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
