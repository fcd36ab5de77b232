// SPDX-License-Identifier: Apache-2.0
// The connection to the kernel of one FUSE file system: takes its requests on the event loop and sends each answer when it is there. Requests
// are worked on side by side, because an answer may need the daemon; one whose task got a signal is answered at once.
import { errno, errnoName } from "../../native/libc.ffi.ts";
import { watchReadable } from "../../native/fd-passing.ffi.ts";
import type { Watch } from "../../native/fd-passing.ffi.ts";
import {
  FUSE_ATOMIC_O_TRUNC,
  FUSE_MAJOR,
  IN,
  initReply,
  OPCODE,
  OUT,
  REQUEST_BYTES,
  statfsReply,
} from "../../native/fuse-wire.ts";
import { sys } from "../../native/syscalls.ffi.ts";
import { closeFd, writeOnce } from "../../native/tsem.ffi.ts";
import { ERRNO, FileError, MountError } from "./errors.ts";

/** Requests that are taken before the event loop looks after other things. */
const REQUESTS_A_TURN = 64;

/** One request of the kernel. */
export interface FuseRequest {
  readonly opcode: number;
  readonly node: number;
  /** Thread that asks; 0 when it is not to be seen from here. */
  readonly pid: number;
  /** What follows the header. */
  readonly body: Buffer;
}

/** What the file system does: content of an answer, or undefined when there is nothing to say but "done". */
export interface FuseHandler {
  /** @throws FileError what the task gets instead; any other error becomes EIO */
  answer(request: FuseRequest): Promise<Buffer | undefined>;
  /** The kernel has forgotten `node` that many times; it gets no answer. */
  forget(node: number, times: number): void;
  /** The answer came too late: the task had been interrupted and knows nothing of it. */
  undelivered(request: FuseRequest, answer: Buffer): void;
}

export class FuseSession {
  /** Settles when the file system is unmounted or the session closed. */
  readonly ended: Promise<void>;
  readonly #fd: number;
  readonly #handler: FuseHandler;
  readonly #request = Buffer.alloc(REQUEST_BYTES);
  readonly #watch: Watch;
  /** Numbers of requests without an answer yet. */
  readonly #pending = new Set<bigint>();
  /** Those that may be given up: not what changes something. */
  readonly #interruptible = new Set<bigint>();
  #end: () => void = () => undefined;
  #failed: (error: unknown) => void = () => undefined;
  #closed = false;

  /** Owns the descriptor, whose reads must not wait. */
  constructor(fd: number, handler: FuseHandler) {
    this.#fd = fd;
    this.#handler = handler;
    this.ended = new Promise((resolve, reject) => {
      this.#end = resolve;
      this.#failed = reject;
    });
    this.#watch = watchReadable(fd, () => {
      this.#turn();
    });
  }

  /** Ends the connection: tasks that still have a file open get an error from now on. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#watch.close();
    closeFd(this.#fd);
    this.#end();
  }

  #turn(): void {
    try {
      for (let taken = 0; taken < REQUESTS_A_TURN && !this.#closed; taken += 1)
        if (!this.#take()) return;
    } catch (error) {
      this.#failed(error);
      this.close();
    }
  }

  /** @returns false when there is no request now */
  #take(): boolean {
    const length = Number(sys().read(this.#fd, this.#request, REQUEST_BYTES));
    if (length >= 0) {
      this.#start(Buffer.from(this.#request.subarray(0, length)));
      return true;
    }
    const name = errnoName(errno());
    // ENOENT: the request was taken back while it was on its way
    if (name === "ENOENT" || name === "EINTR") return true;
    if (name === "EAGAIN") return false;
    if (name !== "ENODEV" && name !== "ECONNABORTED") throw broken("reading a request", name);
    this.close();
    return false;
  }

  #start(request: Buffer): void {
    const unique = request.readBigUInt64LE(IN.unique);
    const opcode = request.readUInt32LE(IN.opcode);
    const node = Number(request.readBigUInt64LE(IN.node));
    const pid = request.readUInt32LE(IN.pid);
    const body = request.subarray(IN.bytes);
    switch (opcode) {
      case OPCODE.INIT:
        this.#initialise(unique, request);
        break;
      case OPCODE.STATFS:
        this.#send(unique, 0, statfsReply());
        break;
      case OPCODE.DESTROY:
        this.#send(unique, 0);
        break;
      case OPCODE.FORGET:
        this.#handler.forget(node, Number(body.readBigUInt64LE(0)));
        break;
      case OPCODE.BATCH_FORGET:
        this.#forgetMany(body);
        break;
      case OPCODE.INTERRUPT:
        this.#interrupt(body.readBigUInt64LE(0));
        break;
      default:
        this.#pending.add(unique);
        if (opcode !== OPCODE.WRITE) this.#interruptible.add(unique);
        void this.#answer(unique, { opcode, node, pid, body });
    }
  }

  #initialise(unique: bigint, request: Buffer): void {
    const major = request.readUInt32LE(IN.bytes);
    if (major < FUSE_MAJOR) throw broken("the protocol of this kernel", `version ${major}`);
    this.#send(unique, 0, initReply(request, FUSE_ATOMIC_O_TRUNC));
  }

  #forgetMany(body: Buffer): void {
    const count = body.readUInt32LE(0);
    for (let at = 8; at < 8 + 16 * count; at += 16) {
      const times = Number(body.readBigUInt64LE(at + 8));
      this.#handler.forget(Number(body.readBigUInt64LE(at)), times);
    }
  }

  async #answer(unique: bigint, request: FuseRequest): Promise<void> {
    try {
      const content = await this.#handler.answer(request);
      const isSent = this.#reply(unique, 0, content);
      if (!isSent && content !== undefined) this.#handler.undelivered(request, content);
    } catch (error) {
      this.#reply(unique, -(error instanceof FileError ? error.errno : ERRNO.failed));
    }
  }

  #interrupt(unique: bigint): void {
    if (this.#interruptible.has(unique)) this.#reply(unique, -ERRNO.interrupted);
  }

  /** Each request gets one answer, whatever comes first. @returns whether it was this one */
  #reply(unique: bigint, error: number, content?: Buffer): boolean {
    this.#interruptible.delete(unique);
    if (!this.#pending.delete(unique) || this.#closed) return false;
    try {
      this.#send(unique, error, content);
    } catch (cause) {
      this.#failed(cause);
      this.close();
    }
    return true;
  }

  #send(unique: bigint, error: number, content: Buffer = Buffer.alloc(0)): void {
    const reply = Buffer.alloc(OUT.bytes + content.length);
    reply.writeUInt32LE(reply.length, OUT.length);
    reply.writeInt32LE(error, OUT.error);
    reply.writeBigUInt64LE(unique, OUT.unique);
    content.copy(reply, OUT.bytes);
    const sent = writeOnce(this.#fd, reply);
    // ENOENT: nobody waits for it any more. ENODEV, ECONNABORTED: the next read says so
    if (typeof sent === "number" || ["ENOENT", "ENODEV", "ECONNABORTED"].includes(sent)) return;
    throw broken("answering a request", sent);
  }
}

function broken(what: string, how: string): MountError {
  return new MountError("BAD_PROTOCOL", `${what} of the mounted files failed: ${how}`);
}
