// SPDX-License-Identifier: Apache-2.0
// Messages between processes over a pair of sockets, with open descriptors riding along (SCM_RIGHTS), and waiting for them
// on the event loop. Sequenced packets: one message sent is one message received.
import { closeSync } from "node:fs";
import koffi from "koffi";
import { NativeError } from "./native-error.ts";
import { errno, errnoName, libc } from "./libc.ffi.ts";

const AF_UNIX = 1;
const SOCK_SEQPACKET_CLOEXEC = 5 | 0o2000000;
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const MSG_CMSG_CLOEXEC = 0x40000000;
const MSG_TRUNC = 0x20;
/** sizeof(struct msghdr), sizeof(struct iovec), sizeof(struct cmsghdr) of 64-bit Linux */
const MSGHDR_BYTES = 56;
const IOVEC_BYTES = 16;
const CMSGHDR_BYTES = 16;
/** Most descriptors that a message may carry here. */
const MAX_FDS = 4;

interface Calls {
  readonly socketpair: (domain: number, type: number, protocol: number, pair: Buffer) => number;
  readonly sendmsg: (fd: number, message: Buffer, flags: number) => number;
  readonly recvmsg: (fd: number, message: Buffer, flags: number) => number;
}

let bound: Calls | undefined;

function calls(): Calls {
  bound ??= {
    socketpair: libc().func("int socketpair(int, int, int, void *)") as Calls["socketpair"],
    sendmsg: libc().func("long sendmsg(int, void *, int)") as Calls["sendmsg"],
    recvmsg: libc().func("long recvmsg(int, void *, int)") as Calls["recvmsg"],
  };
  return bound;
}

/** A message as it arrived; no bytes means that the other end is closed. */
export interface ReceivedMessage {
  readonly bytes: Uint8Array;
  /** Open descriptors, close-on-exec; the receiver owns them. */
  readonly fds: readonly number[];
}

/**
 * Two connected sockets, close-on-exec. The caller closes both.
 * @throws NativeError CALL_FAILED
 */
export function socketPair(): [number, number] {
  const pair = Buffer.alloc(8);
  if (calls().socketpair(AF_UNIX, SOCK_SEQPACKET_CLOEXEC, 0, pair) < 0) throw failed("socketpair");
  return [pair.readInt32LE(0), pair.readInt32LE(4)];
}

interface MessageParts {
  readonly header: Buffer;
  readonly control: Buffer;
  /** Keeps the memory alive that `header` points at. */
  readonly held: readonly Buffer[];
}

function messageParts(data: Buffer, control: Buffer): MessageParts {
  const iovec = Buffer.alloc(IOVEC_BYTES);
  iovec.writeBigUInt64LE(koffi.address(data), 0);
  iovec.writeBigUInt64LE(BigInt(data.length), 8);
  const header = Buffer.alloc(MSGHDR_BYTES);
  header.writeBigUInt64LE(koffi.address(iovec), 16);
  header.writeBigUInt64LE(1n, 24);
  if (control.length > 0) {
    header.writeBigUInt64LE(koffi.address(control), 32);
    header.writeBigUInt64LE(BigInt(control.length), 40);
  }
  return { header, control, held: [data, iovec] };
}

/**
 * Sends one message, waiting while the socket is full. The descriptors stay open here.
 * @returns false when the other end is closed.
 * @throws NativeError CALL_FAILED
 */
export function sendMessage(fd: number, bytes: Uint8Array, fds: readonly number[] = []): boolean {
  return sendWith(fd, bytes, fds, MSG_NOSIGNAL) === "sent";
}

/**
 * The same without waiting.
 * @throws NativeError CALL_FAILED
 */
export function trySendMessage(
  fd: number,
  bytes: Uint8Array,
  fds: readonly number[] = [],
): "sent" | "full" | "closed" {
  return sendWith(fd, bytes, fds, MSG_NOSIGNAL | MSG_DONTWAIT);
}

function sendWith(
  fd: number,
  bytes: Uint8Array,
  fds: readonly number[],
  flags: number,
): "sent" | "full" | "closed" {
  const control = Buffer.alloc(
    fds.length === 0 ? 0 : CMSGHDR_BYTES + 8 * Math.ceil(fds.length / 2),
  );
  if (fds.length > 0) {
    control.writeBigUInt64LE(BigInt(CMSGHDR_BYTES + 4 * fds.length), 0);
    control.writeInt32LE(SOL_SOCKET, 8);
    control.writeInt32LE(SCM_RIGHTS, 12);
    fds.forEach((value, i) => {
      control.writeInt32LE(value, CMSGHDR_BYTES + 4 * i);
    });
  }
  const parts = messageParts(Buffer.from(bytes), control);
  for (;;) {
    if (calls().sendmsg(fd, parts.header, flags) >= 0) return "sent";
    const name = errnoName(errno());
    if (name === "EPIPE" || name === "ECONNRESET") return "closed";
    if (name === "EAGAIN") return "full";
    if (name !== "EINTR") throw failed("sendmsg");
  }
}

/**
 * Takes one message.
 * @param wait true: block until there is one (or the other end is closed)
 * @returns undefined when there is none and `wait` is false
 * @throws NativeError CALL_FAILED; TOO_LONG when it did not fit into `maxBytes`
 */
export function receiveMessage(
  fd: number,
  maxBytes: number,
  wait: boolean,
): ReceivedMessage | undefined {
  const data = Buffer.alloc(maxBytes);
  const parts = messageParts(data, Buffer.alloc(CMSGHDR_BYTES + 4 * MAX_FDS));
  const flags = MSG_CMSG_CLOEXEC | (wait ? 0 : MSG_DONTWAIT);
  const length = receiveInto(fd, parts.header, flags);
  if (length === undefined) return undefined;
  if (length === 0) {
    // the end; or a message of nothing but descriptors, which nobody sends
    for (const lost of fdsOf(parts)) closeSync(lost);
    return { bytes: new Uint8Array(0), fds: [] };
  }
  if ((parts.header.readInt32LE(48) & MSG_TRUNC) !== 0) {
    for (const lost of fdsOf(parts)) closeSync(lost);
    throw new NativeError("TOO_LONG", `a message of more than ${maxBytes} bytes arrived`);
  }
  return { bytes: data.subarray(0, length), fds: fdsOf(parts) };
}

/** @returns bytes received, 0 when the other end is closed, undefined when it would have to wait */
function receiveInto(fd: number, header: Buffer, flags: number): number | undefined {
  for (;;) {
    const length = Number(calls().recvmsg(fd, header, flags));
    if (length >= 0) return length;
    const name = errnoName(errno());
    if (name === "EAGAIN") return undefined;
    // the other end closed without having read all of ours: said once, before the messages that it left for us
    if (name !== "EINTR" && name !== "ECONNRESET") throw failed("recvmsg");
  }
}

function fdsOf({ header, control }: MessageParts): number[] {
  const used = Number(header.readBigUInt64LE(40));
  if (used < CMSGHDR_BYTES + 4) return [];
  if (control.readInt32LE(8) !== SOL_SOCKET || control.readInt32LE(12) !== SCM_RIGHTS) return [];
  const count = (Number(control.readBigUInt64LE(0)) - CMSGHDR_BYTES) / 4;
  return Array.from({ length: count }, (_, i) => control.readInt32LE(CMSGHDR_BYTES + 4 * i));
}

/** Something on the event loop that ends with `close()`. */
export interface Watch {
  close(): void;
}

/** Calls `ready` on the event loop whenever `fd` can be read or its other end was closed. Keeps the process alive. */
export function watchReadable(fd: number, ready: () => void): Watch {
  const poll = koffi.node.poll(fd, { readable: true, disconnect: true }, () => {
    ready();
  });
  return {
    close(): void {
      poll.close();
    },
  };
}

function failed(call: string): NativeError {
  return NativeError.ofCall(call, errno());
}
