// SPDX-License-Identifier: Apache-2.0
// Messages that may name a destination. A datagram of an internet socket is sent by the agent, from its copies of socket,
// destination and data: the task's memory may say something else by the time the kernel would look. Local sockets tell the
// receiver who sends, so their messages are sent by the task itself.
import type { SockId } from "../../../event/cell/socket.ts";
import { errno } from "../../../native/libc.ffi.ts";
import { addressOf, sys } from "../../../native/syscalls.ffi.ts";
import type { Call } from "../call.ts";
import { MAX_CONTROL, MAX_DATAGRAM, MAX_MESSAGES, MAX_PARTS } from "../limits.ts";
import { E } from "../../file/open-flags.ts";
import { CONTINUE, NONE, type Reply, fail } from "../reply.ts";
import { MAX_ADDRESS } from "../sockets.ts";
import { isInternet, isStream, parseDestination, withSocket } from "./socket.ts";

const NR_SENDMSG = process.arch === "arm64" ? 211 : 46;
const MSG = {
  DONTWAIT: 0x40,
  NOSIGNAL: 0x4000,
  ZEROCOPY: 0x4000000,
  FASTOPEN: 0x20000000,
} as const;
const EMSGSIZE = 90;
const EOPNOTSUPP = 95;
const ENOBUFS = 105;
/** struct msghdr: name@0 namelen@8 iov@16 iovlen@24 control@32 controllen@40; mmsghdr has the length sent behind it. */
const MSGHDR_SIZE = 56;
const MMSGHDR_SIZE = 64;
const IOVEC_SIZE = 16;
const EMPTY = Buffer.alloc(0);

const msghdr = Buffer.alloc(MSGHDR_SIZE);
const part = Buffer.alloc(IOVEC_SIZE);
/** Keeps the buffers alive whose addresses the kernel has. */
const inUse: Message[] = [];

/** A message as it was copied from the task. */
interface Message {
  readonly name: Buffer;
  readonly data: Buffer;
  readonly control: Buffer;
}

/** Sent bytes, or the reply that ends the call. */
type Sent = number | Reply;

/** sendto with an address. */
export function sendto(call: Call): Reply {
  const { at } = call.rule;
  const size = call.u32(at.size ?? 5);
  if (size > MAX_ADDRESS) return fail(E.INVAL);
  const name = call.bytes(at.address ?? 4, size);
  if (typeof name === "number") return fail(name);
  return withSocket(call, (fd, sock) => {
    const refusal = decide(call, sock, name);
    if (refusal !== undefined) return refusal;
    if (!isCarried(call, sock)) return inTask(call, sock);
    const length = call.u64(2);
    if (length > BigInt(MAX_DATAGRAM)) return fail(EMSGSIZE);
    const data = call.bytes(1, Number(length));
    if (typeof data === "number") return fail(data);
    return asReply(send(call, fd, { name, data, control: EMPTY }));
  });
}

/** sendmsg, sendmmsg: an event for each message that names a destination. */
export function sendmsg(call: Call): Reply {
  const many = call.rule.variant === "many";
  const count = many ? Math.min(call.u32(2), MAX_MESSAGES) : 1;
  const stride = many ? MMSGHDR_SIZE : MSGHDR_SIZE;
  const headers = call.bytes(1, count * stride);
  if (typeof headers === "number") return fail(headers);
  return withSocket(call, (fd, sock) => {
    if (!isCarried(call, sock)) return decideAll(call, sock, headers, stride);
    return many ? sendMany(call, fd, sock, headers) : asReply(one(call, headers, sock, fd));
  });
}

function decideAll(call: Call, sock: SockId, headers: Buffer, stride: number): Reply {
  for (let at = 0; at < headers.length; at += stride) {
    const name = nameOf(call, headers.subarray(at));
    if (typeof name === "number") return fail(name);
    const refusal = name.length === 0 ? undefined : decide(call, sock, name);
    if (refusal !== undefined) return refusal;
  }
  return inTask(call, sock);
}

/** As the kernel does it: how many were sent, or why the first was not. */
function sendMany(call: Call, fd: number, sock: SockId, headers: Buffer): Reply {
  let count = 0;
  for (let at = 0; at < headers.length; at += MMSGHDR_SIZE) {
    const sent = one(call, headers.subarray(at), sock, fd);
    if (typeof sent !== "number") return count === 0 || sent === NONE ? sent : asReply(count);
    call.bench.memory.writeU32(call.task.tid, call.u64(1) + BigInt(at + MSGHDR_SIZE), sent);
    count++;
  }
  return asReply(count);
}

/** Destination of a message; empty when it names none. */
function nameOf(call: Call, header: Buffer): Buffer | number {
  const size = Math.min(header.readUInt32LE(8), MAX_ADDRESS);
  const address = header.readBigUInt64LE(0);
  return address === 0n || size === 0 ? EMPTY : call.bytesAt(address, size);
}

/** Decides on one message, and sends it. */
function one(call: Call, header: Buffer, sock: SockId, fd: number): Sent {
  const name = nameOf(call, header);
  if (typeof name === "number") return fail(name);
  const refusal = name.length === 0 ? undefined : decide(call, sock, name);
  if (refusal !== undefined) return refusal;
  const data = gather(call, header);
  if (typeof data === "number") return fail(data);
  const length = header.readBigUInt64LE(40);
  if (length > BigInt(MAX_CONTROL)) return fail(ENOBUFS);
  const control = call.bytesAt(header.readBigUInt64LE(32), Number(length));
  if (typeof control === "number") return fail(control);
  return send(call, fd, { name, data, control });
}

/** The parts of a message as one, or an errno. */
function gather(call: Call, header: Buffer): Buffer | number {
  const count = header.readBigUInt64LE(24);
  if (count > BigInt(MAX_PARTS)) return EMSGSIZE;
  const parts = call.bytesAt(header.readBigUInt64LE(16), Number(count) * IOVEC_SIZE);
  if (typeof parts === "number") return parts;
  const copies: Buffer[] = [];
  let total = 0;
  for (let at = 0; at < parts.length; at += IOVEC_SIZE) {
    const size = parts.readBigUInt64LE(at + 8);
    if (size > BigInt(MAX_DATAGRAM - total)) return EMSGSIZE;
    const copy = call.bytesAt(parts.readBigUInt64LE(at), Number(size));
    if (typeof copy === "number") return copy;
    total += copy.length;
    copies.push(copy);
  }
  return copies.length === 1 ? (copies[0] ?? EMPTY) : Buffer.concat(copies);
}

/** Whether the agent sends for the task. */
function isCarried(call: Call, sock: SockId): boolean {
  return isInternet(sock) && !isStream(sock) && call.acting() !== "no";
}

/** A connection that begins with its first data would read the destination again; without it the program connects first. */
function inTask(call: Call, sock: SockId): Reply {
  const begins = isInternet(sock) && isStream(sock) && (flagsOf(call) & MSG.FASTOPEN) !== 0;
  return begins ? fail(EOPNOTSUPP) : CONTINUE;
}

function flagsOf(call: Call): number {
  return call.u32(call.rule.syscall === "sendmsg" ? 2 : 3);
}

function decide(call: Call, sock: SockId, name: Buffer): Reply | undefined {
  const addr = parseDestination(call, name, sock);
  return addr === undefined ? undefined : call.refusal("socket_sendmsg", { sock, addr });
}

/** Never waits: where the task would, the datagram is not sent, which a network may do to any of them. */
function send(call: Call, fd: number, message: Message): Sent {
  const flags = flagsOf(call);
  if ((flags & MSG.ZEROCOPY) !== 0) return fail(ENOBUFS);
  inUse.push(message);
  point(part, 0, message.data);
  point(msghdr, 0, message.name);
  msghdr.writeBigUInt64LE(addressOf(part), 16);
  msghdr.writeBigUInt64LE(1n, 24);
  point(msghdr, 32, message.control);
  const how = flags | MSG.DONTWAIT | MSG.NOSIGNAL;
  return call.as(call.acting(), () => {
    const sent = Number(sys().syscall4(NR_SENDMSG, fd, Number(addressOf(msghdr)), how, 0));
    const error = sent < 0 ? errno() : 0;
    inUse.pop();
    if (sent >= 0) return sent;
    const waits = error === E.AGAIN && (flags & MSG.DONTWAIT) === 0;
    return fail(waits ? ENOBUFS : error);
  });
}

/** Address and length; null for nothing. */
function point(into: Buffer, at: number, buffer: Buffer): void {
  into.writeBigUInt64LE(buffer.length > 0 ? addressOf(buffer) : 0n, at);
  into.writeBigUInt64LE(BigInt(buffer.length), at + 8);
}

function asReply(sent: Sent): Reply {
  return typeof sent === "number" ? { kind: "value", value: BigInt(sent) } : sent;
}
