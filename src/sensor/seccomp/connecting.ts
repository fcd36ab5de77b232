// SPDX-License-Identifier: Apache-2.0
// Connections under way: started by the agent on a copy of the task's socket, with the address that was decided on. The task stays held
// until the outcome is there, because a call that went on in it would read descriptor and address again, and both can be exchanged
// meanwhile.
import { errno } from "../../native/libc.ffi.ts";
import { sys } from "../../native/syscalls.ffi.ts";
import type { Watching } from "../served.ts";
import type { Listener } from "./listener.ts";
import { readProc } from "./proc.ts";

const F_GETFL = 3;
const F_SETFL = 4;
const F_DUPFD_CLOEXEC = 1030;
const O_NONBLOCK = 0x800;
const SOL_SOCKET = 1;
const SO_SNDTIMEO = 21;
const POLLIN = 1;
const POLLOUT = 4;
const POLLHUP = 0x10;
const EALREADY = 114;
const EINPROGRESS = 115;
/** Makes the kernel treat the call as interrupted, and restart it where the handler says so. Only with a signal pending. */
const ERESTARTSYS = 512;
/** How often signals and deaths of waiting tasks are looked for (ms). */
const LOOK_MS = 100;

/** A connection that was started. */
export interface StartedConnection {
  /** A descriptor of ours for the socket; taken. */
  readonly fd: number;
  readonly address: Buffer;
  /** What a connect gets that does not wait any longer: EINPROGRESS, for a second one EALREADY. */
  readonly late: number;
}

interface Waiting extends StartedConnection {
  readonly id: bigint;
  readonly tid: number;
  /** End of the socket's own patience (SO_SNDTIMEO), in ms of performance.now(). */
  readonly until: number;
}

/** 0, or the errno of a connect that does not wait. */
export function connectNow(fd: number, address: Buffer): number {
  const flags = sys().fcntl(fd, F_GETFL, 0);
  const blocking = (flags & O_NONBLOCK) === 0;
  if (blocking) sys().fcntl(fd, F_SETFL, flags | O_NONBLOCK);
  let error = connectOnce(fd, address);
  if (error === EINPROGRESS) {
    // on this machine the other end has answered by now
    const again = connectOnce(fd, address);
    if (again !== EALREADY) error = again;
  }
  if (blocking) sys().fcntl(fd, F_SETFL, flags);
  return error;
}

function connectOnce(fd: number, address: Buffer): number {
  return sys().connect(fd, address, address.length) === 0 ? 0 : errno();
}

/** Whether the errno says that the connection is under way. */
export function isUnderWay(error: number): boolean {
  return error === EINPROGRESS || error === EALREADY;
}

/** A descriptor of one's own for the same socket; -1 when there is none left. */
export function duplicate(fd: number): number {
  return sys().fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

/** Tasks that wait for their connection. One per listener. */
export class Connecting {
  readonly #listener: Listener;
  #waiting: Waiting[] = [];
  #lookAt = 0;
  #watching: Watching | undefined;

  constructor(listener: Listener) {
    this.#listener = listener;
  }

  /** From now on the sockets are watched by somebody else, who then calls `look` in place of `attend`. */
  watchedBy(watching: Watching): void {
    this.#watching = watching;
  }

  get some(): boolean {
    return this.#waiting.length > 0;
  }

  /** Time until `look` is to be called though no socket is ready (ms); undefined while nobody waits. */
  get dueInMs(): number | undefined {
    return this.some ? Math.max(0, this.#lookAt - performance.now()) : undefined;
  }

  add(id: bigint, tid: number, { fd, address, late }: StartedConnection): void {
    this.#waiting.push({ id, tid, fd, address, late, until: performance.now() + patience(fd) });
    this.#watching?.watch(fd, "output");
  }

  /** Waits for an outcome or for the listener. @returns whether the listener has something to receive */
  attend(): boolean {
    const polled = Buffer.alloc(8 * (this.#waiting.length + 1));
    [this.#listener.fd, ...this.#waiting.map(({ fd }) => fd)].forEach((fd, index) => {
      polled.writeInt32LE(fd, 8 * index);
      polled.writeInt16LE(index === 0 ? POLLIN : POLLOUT, 8 * index + 4);
    });
    sys().poll(polled, this.#waiting.length + 1, LOOK_MS);
    this.#settle((index) => polled.readInt16LE(8 * index + 14) !== 0);
    return (polled.readInt16LE(6) & (POLLIN | POLLHUP)) !== 0;
  }

  /** Answers those whose outcome is there. @param fd a socket that is ready, or -1 */
  look(fd: number): void {
    const before = this.#waiting;
    this.#settle((index) => before[index]?.fd === fd);
  }

  close(): void {
    for (const { fd } of this.#waiting.splice(0)) this.#release(fd);
  }

  #settle(isReady: (index: number) => boolean): void {
    // not at each call of the others: looking takes longer than most calls
    const looks = performance.now() >= this.#lookAt;
    if (looks) this.#lookAt = performance.now() + LOOK_MS;
    const before = this.#waiting;
    this.#waiting = [];
    before.forEach((one, index) => {
      const ready = isReady(index);
      const outcome = ready || looks ? outcomeOf(this.#listener, one, ready) : undefined;
      if (outcome === undefined) {
        this.#waiting.push(one);
        return;
      }
      this.#listener.answer(one.id, outcome);
      this.#release(one.fd);
    });
  }

  #release(fd: number): void {
    this.#watching?.unwatch(fd);
    sys().close(fd);
  }
}

/** Errno of the call, 0 for success; undefined while nothing is known. */
function outcomeOf(listener: Listener, one: Waiting, ready: boolean): number | undefined {
  if (ready) {
    // the second connect gives the result of the first, and leaves the socket as a connect that waited does
    const error = connectNow(one.fd, one.address);
    return isUnderWay(error) ? undefined : error;
  }
  if (performance.now() >= one.until) return one.late;
  if (!listener.holds(one.id) || isInterrupted(one.tid)) return ERESTARTSYS;
  return undefined;
}

/** SO_SNDTIMEO (struct timeval) in ms. */
function patience(fd: number): number {
  const [value, size] = [Buffer.alloc(16), Buffer.alloc(4)];
  size.writeUInt32LE(16, 0);
  if (sys().getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, value, size) !== 0)
    return Number.POSITIVE_INFINITY;
  const ms = Number(value.readBigInt64LE(0)) * 1_000 + Number(value.readBigInt64LE(8)) / 1_000;
  return ms > 0 ? ms : Number.POSITIVE_INFINITY;
}

/**
 * Whether a signal with a handler waits for this thread; a held call is ended by the kernel only for signals that kill. A signal for
 * the whole process counts when it has one thread: otherwise another one may take it.
 */
function isInterrupted(tid: number): boolean {
  const status = readProc(`/proc/${tid}/status`) ?? "";
  const mask = (name: string): bigint =>
    BigInt(`0x${new RegExp(`^${name}:\\t([0-9a-f]+)$`, "m").exec(status)?.[1] ?? "0"}`);
  const single = /^Threads:\t1$/m.test(status);
  const pending = mask("SigPnd") | (single ? mask("ShdPnd") : 0n);
  return (pending & mask("SigCgt") & ~mask("SigBlk")) !== 0n;
}
