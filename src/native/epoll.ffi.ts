// SPDX-License-Identifier: Apache-2.0
// Waiting for many descriptors without an event loop, and waking who waits: epoll(7), level-triggered, and eventfd(2).
import { errno, libc } from "./libc.ffi.ts";
import { NativeError } from "./native-error.ts";

const EPOLL_CLOEXEC = 0o2000000;
const EFD_CLOEXEC_NONBLOCK = 0o2000000 | 0o4000;
const CTL_ADD = 1;
const CTL_DEL = 2;
const EPOLLIN = 1;
const EPOLLOUT = 4;
const EINTR = 4;
/** struct epoll_event is packed on x86-64 only: events, then 64 bits of data. */
const DATA_AT = process.arch === "x64" ? 4 : 8;
const EVENT_BYTES = DATA_AT + 8;
/** Descriptors that one wait tells of. */
const MOST_AT_ONCE = 64;

interface Calls {
  readonly create: (flags: number) => number;
  readonly ctl: (epoll: number, what: number, fd: number, event: Buffer) => number;
  readonly wait: (epoll: number, events: Buffer, most: number, timeoutMs: number) => number;
  readonly eventfd: (value: number, flags: number) => number;
  readonly read: (fd: number, into: Buffer, size: number) => number;
  readonly write: (fd: number, from: Buffer, size: number) => number;
  readonly close: (fd: number) => number;
}

let bound: Calls | undefined;

function calls(): Calls {
  if (bound !== undefined) return bound;
  const library = libc();
  bound = {
    create: library.func("int epoll_create1(int)") as Calls["create"],
    ctl: library.func("int epoll_ctl(int, int, int, void *)") as Calls["ctl"],
    wait: library.func("int epoll_wait(int, void *, int, int)") as Calls["wait"],
    eventfd: library.func("int eventfd(uint, int)") as Calls["eventfd"],
    read: library.func("long read(int, void *, size_t)") as Calls["read"],
    write: library.func("long write(int, void *, size_t)") as Calls["write"],
    close: library.func("int close(int)") as Calls["close"],
  };
  return bound;
}

/** A set of descriptors that is waited for. */
export class Epoll {
  readonly #fd: number;
  readonly #event: Buffer = Buffer.alloc(EVENT_BYTES);
  readonly #events: Buffer = Buffer.alloc(EVENT_BYTES * MOST_AT_ONCE);

  /** @throws NativeError CALL_FAILED */
  constructor() {
    this.#fd = calls().create(EPOLL_CLOEXEC);
    if (this.#fd < 0) throw NativeError.ofCall("epoll_create1", errno());
  }

  /** @throws NativeError CALL_FAILED */
  add(fd: number, what: "input" | "output"): void {
    this.#event.writeUInt32LE(what === "input" ? EPOLLIN : EPOLLOUT, 0);
    this.#event.writeBigInt64LE(BigInt(fd), DATA_AT);
    if (calls().ctl(this.#fd, CTL_ADD, fd, this.#event) < 0)
      throw NativeError.ofCall("epoll_ctl", errno());
  }

  /** Of no consequence when the set does not have it. To be called before the descriptor is closed. */
  remove(fd: number): void {
    calls().ctl(this.#fd, CTL_DEL, fd, this.#event);
  }

  /**
   * Waits until something is ready; whatever stays ready is told of again. Those that were told of come last the next time, so everybody
   * gets a turn.
   * @returns descriptors that are ready, or were hung up
   * @throws NativeError CALL_FAILED
   */
  wait(timeoutMs: number): number[] {
    const count = calls().wait(this.#fd, this.#events, MOST_AT_ONCE, timeoutMs);
    if (count < 0) {
      if (errno() === EINTR) return [];
      throw NativeError.ofCall("epoll_wait", errno());
    }
    const ready: number[] = [];
    for (let at = 0; at < count; at += 1)
      ready.push(Number(this.#events.readBigInt64LE(at * EVENT_BYTES + DATA_AT)));
    return ready;
  }

  close(): void {
    calls().close(this.#fd);
  }
}

/** A descriptor by which one thread wakes another one: readable from `ring` to `hush`. */
export class Bell {
  readonly fd: number;
  readonly #eight: Buffer = Buffer.alloc(8);
  #closed = false;

  /** @param fd of a bell that another thread has made */
  constructor(fd?: number) {
    this.fd = fd ?? calls().eventfd(0, EFD_CLOEXEC_NONBLOCK);
    if (this.fd < 0) throw NativeError.ofCall("eventfd", errno());
  }

  /** Nothing, once it is closed: the number may be another file's. */
  ring(): void {
    if (this.#closed) return;
    this.#eight.writeBigUInt64LE(1n, 0);
    calls().write(this.fd, this.#eight, 8);
  }

  hush(): void {
    calls().read(this.fd, this.#eight, 8);
  }

  /** For who has made it, once nobody else uses it. */
  close(): void {
    this.#closed = true;
    calls().close(this.fd);
  }
}
