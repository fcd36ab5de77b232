// SPDX-License-Identifier: Apache-2.0
// Sockets: made, named, connected, listened on, accepted from, sent through with an address.
import type { SockAddr, SockId } from "../../../event/cell/socket.ts";
import { errno } from "../../../native/libc.ffi.ts";
import { sys } from "../../../native/syscalls.ffi.ts";
import type { Call } from "../call.ts";
import { MAX_MESSAGES } from "../limits.ts";
import { E } from "../open-flags.ts";
import { ConnectedAfterwards } from "../opened.ts";
import { CONTINUE, OK, type Reply, fail } from "../reply.ts";
import { AF, MAX_ADDRESS, copyFd, localAddress, parseAddress, sockOf } from "../sockets.ts";
import { Unseen } from "../unseen.ts";

const SOCK_TYPE_MASK = 0xf;
const SOCK_STREAM = 1;
const IPPROTO_TCP = 6;
const F_GETFL = 3;
const F_SETFL = 4;
const O_NONBLOCK = 0x800;
const EINPROGRESS = 115;
const ENOTSOCK = 88;
const MSGHDR_SIZE = 56;
const MMSGHDR_SIZE = 64;

/** socket(2). */
export function create(call: Call): Reply {
  const type = call.u32(1) & SOCK_TYPE_MASK;
  const cell = { family: call.u32(0), type, protocol: call.u32(2), kern: 0 };
  return call.refusal("socket_create", cell) ?? CONTINUE;
}

/** socketpair(2). */
export function pair(call: Call): Reply {
  const owner = call.task.process.identity.taskId;
  const sock: SockId = {
    family: call.u32(0),
    type: call.u32(1) & SOCK_TYPE_MASK,
    protocol: call.u32(2),
    owner,
  };
  return call.refusal("socket_socketpair", { socka: sock, sockb: sock }) ?? CONTINUE;
}

/** Lends a copy of the task's socket to `work`. ENOTSOCK and EBADF are the task's own mistakes and end the call. */
function withSocket(call: Call, work: (fd: number, sock: SockId) => Reply): Reply {
  const number = call.i32(call.rule.at.fd ?? 0);
  const fd = copyFd(call.task.process, number);
  if (fd < 0) {
    const error = errno();
    if (error === E.BADF) return fail(E.BADF);
    throw new Unseen("unreadable-socket", `descriptor ${number} (errno ${error})`);
  }
  try {
    const sock = sockOf(fd);
    return sock === undefined ? fail(ENOTSOCK) : work(fd, sock);
  } finally {
    sys().close(fd);
  }
}

function addressArgument(call: Call): Buffer | number {
  const { at } = call.rule;
  const size = call.u32(at.size ?? 2);
  if (size > MAX_ADDRESS) return E.INVAL;
  return call.bytes(at.address ?? 1, size);
}

function parse(call: Call, bytes: Buffer): SockAddr | undefined {
  return parseAddress(bytes, call.bench.digest);
}

/** bind(2): an internet address is bound by the agent when it has the task's rights, so that it is the one decided on. */
export function bind(call: Call): Reply {
  const bytes = addressArgument(call);
  if (typeof bytes === "number") return fail(bytes);
  return withSocket(call, (fd, sock) => {
    const addr = parse(call, bytes);
    if (addr === undefined) return fail(E.INVAL);
    const refusal = call.refusal("socket_bind", { sock, addr });
    if (refusal !== undefined) return refusal;
    if (!isInternet(sock) || call.acting() !== "same") return CONTINUE;
    return sys().bind(fd, bytes, bytes.length) === 0 ? OK : fail(errno());
  });
}

/**
 * connect(2). An internet connection is started by the agent on the task's own socket with the address that was
 * decided on: the task's call then only waits for it, and whatever its memory says by then is not looked at.
 */
export function connect(call: Call): Reply {
  const bytes = addressArgument(call);
  if (typeof bytes === "number") return fail(bytes);
  return withSocket(call, (fd, sock) => {
    const addr = parse(call, bytes);
    if (addr === undefined) return CONTINUE; // AF_UNSPEC dissolves an association, nothing is reached
    const refusal = call.refusal("socket_connect", { sock, addr });
    if (refusal !== undefined) return refusal;
    if (isInternet(sock)) return startConnect(fd, sock, bytes);
    const copy = copyFd(call.task.process, call.i32(0));
    if (copy >= 0) {
      call.task.afterwards.push(new ConnectedAfterwards(copy, addr, call.bench.digest));
    }
    return CONTINUE;
  });
}

const isInternet = (sock: SockId): boolean => sock.family === AF.INET || sock.family === AF.INET6;

function startConnect(fd: number, sock: SockId, address: Buffer): Reply {
  const flags = sys().fcntl(fd, F_GETFL, 0);
  const blocking = (flags & O_NONBLOCK) === 0;
  const stream =
    (sock.type & SOCK_STREAM) !== 0 && (sock.protocol === IPPROTO_TCP || sock.protocol === 0);
  if (blocking && stream) sys().fcntl(fd, F_SETFL, flags | O_NONBLOCK);
  const status = sys().connect(fd, address, address.length);
  const error = status === 0 ? 0 : errno();
  if (blocking && stream) sys().fcntl(fd, F_SETFL, flags);
  if (error === 0) return OK;
  // the task's own connect joins the one under way: SS_CONNECTING does not read the address again
  return error === EINPROGRESS && blocking ? CONTINUE : fail(error);
}

/** listen(2). */
export function listen(call: Call): Reply {
  return withSocket(
    call,
    (_fd, sock) => call.refusal("socket_listen", { sock, backlog: call.u32(1) }) ?? CONTINUE,
  );
}

/** accept, accept4: the local address says which listener; the peer is not known before the call is done. */
export function accept(call: Call): Reply {
  return withSocket(call, (fd, sock) => {
    const addr = inHostOrder(localAddress(fd, call.bench.digest));
    return (
      call.refusal("socket_accept", addr === undefined ? { sock } : { sock, addr }) ?? CONTINUE
    );
  });
}

/** The one hook whose port is in host order, as the kernel gives it. */
function inHostOrder(addr: SockAddr | undefined): SockAddr | undefined {
  if (addr === undefined || !("port" in addr)) return addr;
  const { port } = addr;
  return { ...addr, port: ((port & 0xff) << 8) | (port >> 8) };
}

/** sendto with an address. */
export function sendto(call: Call): Reply {
  const bytes = addressArgument(call);
  if (typeof bytes === "number") return fail(bytes);
  return withSocket(call, (_fd, sock) => message(call, sock, bytes) ?? CONTINUE);
}

/** sendmsg, sendmmsg: an event for each message that names a destination. */
export function sendmsg(call: Call): Reply {
  const many = call.rule.variant === "many";
  const count = many ? Math.min(call.u32(2), MAX_MESSAGES) : 1;
  const stride = many ? MMSGHDR_SIZE : MSGHDR_SIZE;
  const headers = call.bytes(1, count * stride);
  if (typeof headers === "number") return fail(headers);
  let sock: SockId | undefined;
  for (let i = 0; i < count; i++) {
    const name = headers.readBigUInt64LE(i * stride);
    const size = headers.readUInt32LE(i * stride + 8);
    if (name === 0n || size === 0) continue;
    const bytes = call.bytesAt(name, Math.min(size, MAX_ADDRESS));
    if (typeof bytes === "number") return fail(bytes);
    sock ??= socketKind(call);
    if (sock === undefined) return fail(ENOTSOCK);
    const refusal = message(call, sock, bytes);
    if (refusal !== undefined) return refusal;
  }
  return CONTINUE;
}

function socketKind(call: Call): SockId | undefined {
  let found: SockId | undefined;
  withSocket(call, (_fd, sock) => {
    found = sock;
    return CONTINUE;
  });
  return found;
}

function message(call: Call, sock: SockId, bytes: Buffer): Reply | undefined {
  const addr = parse(call, bytes);
  return addr === undefined ? undefined : call.refusal("socket_sendmsg", { sock, addr });
}
