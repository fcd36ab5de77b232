// SPDX-License-Identifier: Apache-2.0
// Sockets: made, named, connected, listened on, accepted from. What is sent through them is in message.ts.
import type { SockAddr, SockId } from "../../../event/cell/socket.ts";
import { errno } from "../../../native/libc.ffi.ts";
import { sys } from "../../../native/syscalls.ffi.ts";
import type { Call } from "../call.ts";
import { connectNow, duplicate, isUnderWay } from "../connecting.ts";
import { AT, E } from "../../file/open-flags.ts";
import { BoundAfterwards, ConnectedAfterwards } from "../connected.ts";
import { CONTINUE, OK, type Reply, fail } from "../reply.ts";
import { openTaskFd } from "../resolve.ts";
import { AF, MAX_ADDRESS, copyFd, localAddress, parseAddress, sockOf } from "../sockets.ts";
import { Unseen } from "../../file/unseen.ts";

const SOCK_TYPE_MASK = 0xf;
const SOCK = { DGRAM: 2, RAW: 3 } as const;
/** 0 and IPPROTO_TCP, IPPROTO_MPTCP. */
const WAITS_AGAIN: ReadonlySet<number> = new Set([0, 6, 262]);
const F_GETFL = 3;
const O_NONBLOCK = 0x800;
const ENOTSOCK = 88;

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
export function withSocket(call: Call, work: (fd: number, sock: SockId) => Reply): Reply {
  const number = call.i32(call.rule.at.fd ?? 0);
  const fd = number < 0 ? -1 : copyFd(call.task.process, number);
  if (fd < 0) {
    const error = number < 0 ? E.BADF : errno();
    if (error === E.BADF) return fail(E.BADF);
    throw new Unseen("unreadable-socket", `descriptor ${number} (errno ${error})`);
  }
  try {
    const sock = sockOf(fd);
    // EBADF: the descriptor was opened with O_PATH
    return sock === undefined ? fail(errno() === E.BADF ? E.BADF : ENOTSOCK) : work(fd, sock);
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
  const addr = parseAddress(bytes, call.bench.digest);
  return addr?.family === "unix" ? { family: "unix", address: fromRoot(call, addr.address) } : addr;
}

/** A relative name of a local socket means another socket in each folder: it is told from the root on, as paths of files are. */
function fromRoot(call: Call, name: string): string {
  if (name === "" || name.startsWith("/") || name.startsWith("\0")) return name;
  const here = openTaskFd(call.task, AT.FDCWD);
  if (here.kind !== "found") return name;
  const { pathname } = call.bench.objects.path(call.task.process, here.fd, here.stat);
  sys().close(here.fd);
  return pathname.endsWith("/") ? `${pathname}${name}` : `${pathname}/${name}`;
}

/**
 * bind(2): an internet address is bound by the agent, so that it is the one decided on. Others are bound by the task, whose rights
 * and folder they need, and looked at afterwards.
 */
export function bind(call: Call): Reply {
  const bytes = addressArgument(call);
  if (typeof bytes === "number") return fail(bytes);
  return withSocket(call, (fd, sock) => {
    const addr = parse(call, asInternet(bytes, sock));
    if (addr === undefined) return fail(E.INVAL);
    const refusal = call.refusal("socket_bind", { sock, addr });
    if (refusal !== undefined) return refusal;
    if (isInternet(sock)) return bindForTask(call, fd, bytes);
    expectBound(call, bytes);
    return CONTINUE;
  });
}

function bindForTask(call: Call, fd: number, bytes: Buffer): Reply {
  const acting = call.acting();
  if (acting === "no") return CONTINUE;
  const error = call.as(acting, () => (sys().bind(fd, bytes, bytes.length) === 0 ? 0 : errno()));
  // the agent takes a user's credentials without the capability for low ports, which the user may have
  if (error === E.ACCES && acting === "switch") return CONTINUE;
  return error === 0 ? OK : fail(error);
}

function expectBound(call: Call, bytes: Buffer): void {
  const addr = parseAddress(bytes, call.bench.digest);
  if (addr === undefined) return;
  const { task, bench } = call;
  const copy = copyFd(task.process, call.i32(call.rule.at.fd ?? 0));
  if (copy >= 0) task.later(new BoundAfterwards(copy, addr, bench.digest));
}

/** For old programs the kernel takes AF_UNSPEC as AF_INET when an internet socket is bound or a message is sent through it. */
function asInternet(bytes: Buffer, sock: SockId): Buffer {
  if (sock.family !== AF.INET || bytes.length < 2 || bytes.readUInt16LE(0) !== AF.UNSPEC)
    return bytes;
  const inet = Buffer.from(bytes);
  inet.writeUInt16LE(AF.INET, 0);
  return inet;
}

/**
 * connect(2). An internet connection is made by the agent on a copy of the task's socket with the address that was decided on, while
 * the task waits (connecting.ts): neither its memory nor its descriptors are looked at again.
 */
export function connect(call: Call): Reply {
  const bytes = addressArgument(call);
  if (typeof bytes === "number") return fail(bytes);
  return withSocket(call, (fd, sock) => {
    const addr = parse(call, bytes);
    if (addr === undefined) return dissolve(fd, sock, bytes);
    const refusal = call.refusal("socket_connect", { sock, addr });
    if (refusal !== undefined) return refusal;
    const { restricted } = call.task.process;
    if (isInternet(sock) && canStart(sock) && !restricted) return startConnect(fd, sock, bytes);
    expectPeer(call, addr);
    return CONTINUE;
  });
}

/** AF_UNSPEC dissolves an association and reaches nothing, as long as it is AF_UNSPEC when the kernel looks. */
function dissolve(fd: number, sock: SockId, bytes: Buffer): Reply {
  if (!DISSOLVED.has(sock.family)) return CONTINUE;
  return sys().connect(fd, bytes, bytes.length) === 0 ? OK : fail(errno());
}

function expectPeer(call: Call, addr: SockAddr): void {
  const copy = copyFd(call.task.process, call.i32(call.rule.at.fd ?? 0));
  if (copy < 0) return;
  const { task, bench } = call;
  task.later(new ConnectedAfterwards(task, copy, addr, bench.digest));
}

export function isInternet({ family }: SockId): boolean {
  return family === AF.INET || family === AF.INET6;
}

/** Families whose connect to AF_UNSPEC returns at once. */
const DISSOLVED: ReadonlySet<number> = new Set([AF.INET, AF.INET6, AF.UNIX, AF.NETLINK]);

export function isStream({ type }: SockId): boolean {
  return type !== SOCK.DGRAM && type !== SOCK.RAW;
}

/** Whether a connect that does not wait is told of by poll, and a second one gives its result. */
function canStart(sock: SockId): boolean {
  return !isStream(sock) || WAITS_AGAIN.has(sock.protocol);
}

function startConnect(fd: number, sock: SockId, address: Buffer): Reply {
  const blocking = (sys().fcntl(fd, F_GETFL, 0) & O_NONBLOCK) === 0;
  if (!blocking || !isStream(sock)) {
    return sys().connect(fd, address, address.length) === 0 ? OK : fail(errno());
  }
  const error = connectNow(fd, address);
  if (error === 0) return OK;
  const copy = isUnderWay(error) ? duplicate(fd) : -1;
  return copy < 0 ? fail(error) : { kind: "connecting", fd: copy, address, late: error };
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

/** The destination of a message; undefined when the bytes name none. */
export function parseDestination(call: Call, bytes: Buffer, sock: SockId): SockAddr | undefined {
  return parse(call, asInternet(bytes, sock));
}
