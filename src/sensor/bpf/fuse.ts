// SPDX-License-Identifier: Apache-2.0
// A FUSE server of one program file. Its attribute `user.galgo` is a question to Galgo: who reads it waits for the answer. That
// is how a program in the kernel that may sleep asks, with bpf_get_file_xattr.
//
// Each request is answered before the next one is read, so exactly once. An INTERRUPT is therefore always about a request that
// has its answer already, and needs none: the kernel waits for that answer, whatever signal has come for the task meanwhile.
import { constants } from "node:os";
import { errno, errnoName } from "../../native/libc.ffi.ts";
import { sys } from "../../native/syscalls.ffi.ts";
import { writeOnce } from "../../native/tsem.ffi.ts";
import {
  FUSE_MAJOR,
  IN,
  initReply,
  OPCODE,
  OUT,
  REQUEST_BYTES,
  statfsReply,
} from "../../native/fuse-wire.ts";
import { BpfSensorError } from "./errors.ts";
import { attributesReply, MAX_READ_BYTES, openReply } from "./fuse-protocol.ts";

/** Bytes of an answer. */
export const ANSWER_BYTES = 16;
const ATTRIBUTE = Buffer.from("user.galgo\0", "latin1");
const NAME_AT: number = IN.bytes + 8;
const { EIO, ENODATA, ENOSYS, ERANGE, EROFS } = constants.errno;
const O_ACCMODE = 3;
const UNANSWERED: ReadonlySet<number> = new Set([
  OPCODE.FORGET,
  OPCODE.BATCH_FORGET,
  OPCODE.INTERRUPT,
]);

/**
 * Answers the question of a thread.
 * @param pid id of the thread that waits (in the namespace of the server)
 * @param answer 16 bytes of zeros, to be filled
 * @returns 0, or the errno that the thread gets instead
 */
export type AnswerQuestion = (pid: number, answer: Buffer) => number;

/** What one turn came to: a request was answered, there was none, or there will be none any more. */
export type Served = "one" | "none" | "ended";

/** The server of one file system. Does not own the descriptor. */
export class FuseServer {
  readonly #fd: number;
  readonly #image: Buffer;
  readonly #answer: AnswerQuestion;
  readonly #request = Buffer.alloc(REQUEST_BYTES);
  readonly #reply = Buffer.alloc(OUT.bytes + MAX_READ_BYTES);
  readonly #answerPart: Buffer;
  /** Questions answered so far. */
  questions = 0;

  constructor(fd: number, image: Buffer, answer: AnswerQuestion) {
    this.#fd = fd;
    this.#image = image;
    this.#answer = answer;
    this.#answerPart = this.#reply.subarray(OUT.bytes, OUT.bytes + ANSWER_BYTES);
  }

  /**
   * Takes one request, if there is one, and answers it.
   * @throws BpfSensorError FUSE_FAILED; what the answering function throws, after its thread got EIO
   */
  serveOne(): Served {
    const length = Number(sys().read(this.#fd, this.#request, REQUEST_BYTES));
    if (length < 0) return this.#nothing(errnoName(errno()));
    const opcode = this.#request.readUInt32LE(IN.opcode);
    if (opcode === OPCODE.GETXATTR) this.#attribute(length);
    else this.#other(opcode);
    return "one";
  }

  /** Serves until there is no request any more, `most` at most. @returns "one" when there may be more */
  drain(most: number = Number.POSITIVE_INFINITY): Served {
    for (let count = 0; count < most; count++) {
      const served = this.serveOne();
      if (served !== "one") return served;
    }
    return "one";
  }

  #nothing(name: string): Served {
    // ENOENT: the request was taken back while it was on its way
    if (name === "EAGAIN" || name === "EINTR" || name === "ENOENT") return "none";
    if (name === "ENODEV" || name === "ECONNABORTED") return "ended";
    throw failed("reading a request", name);
  }

  #attribute(length: number): void {
    if (
      this.#request.compare(
        ATTRIBUTE,
        0,
        ATTRIBUTE.length,
        NAME_AT,
        Math.min(length, NAME_AT + ATTRIBUTE.length),
      ) !== 0
    ) {
      this.#send(-ENODATA, 0);
      return;
    }
    const room = this.#request.readUInt32LE(IN.bytes);
    this.#answerPart.fill(0);
    if (room === 0) {
      this.#answerPart.writeUInt32LE(ANSWER_BYTES, 0);
      this.#send(0, 8);
    } else if (room < ANSWER_BYTES) this.#send(-ERANGE, 0);
    else this.#question(this.#request.readUInt32LE(IN.pid));
  }

  #question(pid: number): void {
    let error: number = EIO;
    try {
      error = this.#answer(pid, this.#answerPart);
      if (error === ENOSYS) error = EIO; // the kernel would never ask again
    } finally {
      this.questions++;
      if (error === 0) this.#send(0, ANSWER_BYTES);
      else this.#send(-error, 0);
    }
  }

  #other(opcode: number): void {
    if (UNANSWERED.has(opcode)) return;
    const reply = this.#replyTo(opcode);
    if (typeof reply === "number") this.#send(-reply, 0);
    else this.#sendBytes(reply);
  }

  /** Content of a reply, or an errno (0: done, nothing to say). */
  #replyTo(opcode: number): Buffer | number {
    switch (opcode) {
      case OPCODE.INIT:
        return this.#init();
      case OPCODE.GETATTR:
        return attributesReply(this.#image.length);
      case OPCODE.OPEN:
        return (this.#request.readUInt32LE(IN.bytes) & O_ACCMODE) === 0 ? openReply() : EROFS;
      case OPCODE.READ:
        return this.#read();
      case OPCODE.STATFS:
        return statfsReply();
      case OPCODE.RELEASE:
      case OPCODE.ACCESS:
      case OPCODE.DESTROY:
        return 0;
      default:
        return ENOSYS; // the kernel does without it; for most of these it does not ask again
    }
  }

  #init(): Buffer {
    const major = this.#request.readUInt32LE(IN.bytes);
    if (major < FUSE_MAJOR) throw failed("the protocol of this kernel", `version ${major}`);
    return initReply(this.#request); // a newer major: the kernel asks again in ours
  }

  #read(): Buffer {
    const from = Number(this.#request.readBigUInt64LE(IN.bytes + 8));
    const size = Math.min(this.#request.readUInt32LE(IN.bytes + 16), MAX_READ_BYTES);
    return this.#image.subarray(from, from + size);
  }

  #sendBytes(bytes: Buffer): void {
    bytes.copy(this.#reply, OUT.bytes);
    this.#send(0, bytes.length);
  }

  #send(error: number, bytes: number): void {
    const length = OUT.bytes + bytes;
    this.#reply.writeUInt32LE(length, OUT.length);
    this.#reply.writeInt32LE(error, OUT.error);
    this.#request.copy(this.#reply, OUT.unique, IN.unique, IN.unique + 8);
    const sent = writeOnce(this.#fd, this.#reply.subarray(0, length));
    // ENOENT: nobody waits for it any more. ENODEV, ECONNABORTED: the next read says so
    if (typeof sent === "number" || sent === "ENOENT") return;
    if (sent === "ENODEV" || sent === "ECONNABORTED") return;
    throw failed("answering a request", sent);
  }
}

function failed(what: string, how: string): BpfSensorError {
  return new BpfSensorError("FUSE_FAILED", `${what} of the FUSE file failed: ${how}`, {
    facts: { errno: how },
  });
}
