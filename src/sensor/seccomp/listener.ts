// SPDX-License-Identifier: Apache-2.0
// The seccomp user-notification descriptor: receive a held call, answer it, install a descriptor in the held task.
// Layouts and ioctl numbers: uapi/linux/seccomp.h (the same on x86-64 and aarch64).
import { errno } from "../../native/libc.ffi.ts";
import { sys } from "../../native/syscalls.ffi.ts";
import { SensorBroken } from "../file/unseen.ts";

const IOCTL_RECV = 0xc0502100;
const IOCTL_SEND = 0xc0182101;
const IOCTL_ID_VALID = 0x40082102;
const IOCTL_ADDFD = 0x40182103;
const IOCTL_SET_FLAGS = 0x40082104;
const SYNC_WAKE_UP = 1;
const FLAG_CONTINUE = 1;
const O_CLOEXEC = 0x80000;
const POLLIN = 1;
const POLLHUP = 0x10;
const EINTR = 4;
const ENOENT = 2;

/** Size of struct seccomp_notif. */
const NOTIF_SIZE = 80;

/** One listener. Not thread-safe: `notif` is overwritten by `receive`. */
export class Listener {
  readonly fd: number;
  /** The held call: id@0 pid@8 nr@16 arch@20 args@32. Valid until the next `receive`. */
  readonly notif: Buffer = Buffer.alloc(NOTIF_SIZE);
  readonly #response: Buffer = Buffer.alloc(24);
  readonly #id: Buffer = Buffer.alloc(8);
  readonly #addfd: Buffer = Buffer.alloc(24);
  readonly #poll: Buffer = Buffer.alloc(8);
  #handsOver = false;

  constructor(fd: number) {
    this.fd = fd;
    this.#poll.writeInt32LE(fd, 0);
    this.#poll.writeInt16LE(POLLIN, 4);
  }

  /**
   * Asks the kernel (6.6) to run agent and task on one CPU in turn, which removes the wake-up of an idle core.
   * @returns false when it can not.
   */
  handOver(on: boolean): boolean {
    if (on === this.#handsOver) return true;
    if (sys().ioctlValue(this.fd, IOCTL_SET_FLAGS, on ? SYNC_WAKE_UP : 0) !== 0) return false;
    this.#handsOver = on;
    return true;
  }

  /** Waits for the next held call. "end": no filtered task is left. "again": the call vanished (its task was killed). */
  receive(): "call" | "again" | "end" {
    this.notif.fill(0); // the kernel refuses a buffer that is not zeroed
    if (sys().ioctl(this.fd, IOCTL_RECV, this.notif) === 0) return "call";
    const error = errno();
    if (error === EINTR) return "again";
    // ENOENT means both "vanished" and "nobody is left": only POLLHUP tells
    if (error === ENOENT) return (this.#pollNow() & POLLHUP) !== 0 ? "end" : "again";
    throw new SensorBroken(`held calls can not be received any more (errno ${error})`);
  }

  /** True when another call waits already. */
  moreWaiting(): boolean {
    return (this.#pollNow() & POLLIN) !== 0;
  }

  /** False when the held task is gone: what was read of its memory may be another task's. */
  stillHeld(): boolean {
    return sys().ioctl(this.fd, IOCTL_ID_VALID, this.notif) === 0;
  }

  /** Number of the held call, for `holds` and `answer`. */
  get id(): bigint {
    return this.notif.readBigUInt64LE(0);
  }

  /** As `stillHeld`, of a call received earlier. */
  holds(id: bigint): boolean {
    this.#id.writeBigUInt64LE(id, 0);
    return sys().ioctl(this.fd, IOCTL_ID_VALID, this.#id) === 0;
  }

  /** Ends a call received earlier: 0, or an errno (positive). */
  answer(id: bigint, error: number): boolean {
    this.#id.writeBigUInt64LE(id, 0);
    return this.#send(0n, -error, 0, this.#id);
  }

  /** Lets the call run in the task. */
  continueCall(): boolean {
    return this.#send(0n, 0, FLAG_CONTINUE);
  }

  /** Ends the call with an errno (positive). */
  fail(error: number): boolean {
    return this.#send(0n, -error, 0);
  }

  /** Ends the call with a result. */
  succeed(value: bigint): boolean {
    return this.#send(value, 0, 0);
  }

  /**
   * Installs a copy of `source` in the held task, which stays held.
   * @returns the descriptor's number in the task, or minus the errno that it shall get (EMFILE when it has none left); -ENOENT when
   * the task is gone.
   */
  installFd(source: number, cloexec: boolean): number {
    const addfd = this.#addfd;
    this.notif.copy(addfd, 0, 0, 8);
    addfd.writeUInt32LE(0, 8);
    addfd.writeInt32LE(source, 12);
    addfd.writeUInt32LE(0, 16);
    addfd.writeUInt32LE(cloexec ? O_CLOEXEC : 0, 20);
    for (;;) {
      const number = sys().ioctl(this.fd, IOCTL_ADDFD, addfd);
      if (number >= 0) return number;
      // interrupted before the task took it: nothing was installed
      const error = errno();
      if (error !== EINTR) return -error;
    }
  }

  #send(value: bigint, error: number, flags: number, id: Buffer = this.notif): boolean {
    const response = this.#response;
    id.copy(response, 0, 0, 8);
    response.writeBigInt64LE(BigInt.asIntN(64, value), 8);
    response.writeInt32LE(error, 16);
    response.writeUInt32LE(flags, 20);
    return sys().ioctl(this.fd, IOCTL_SEND, response) === 0;
  }

  #pollNow(): number {
    this.#poll.writeInt16LE(0, 6);
    sys().poll(this.#poll, 1, 0);
    return this.#poll.readInt16LE(6);
  }
}
