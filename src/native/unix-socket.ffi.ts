// SPDX-License-Identifier: Apache-2.0
// Unix sockets where Node's are not enough: listeners whose connections carry descriptors, who is at the other end, datagrams.
import koffi from "koffi";
import { c, errno, errnoName } from "./libc.ffi.ts";
import { NativeError } from "./native-error.ts";

const AF_UNIX = 1;
const SOCK_CLOEXEC = 0o2000000;
const SOCK_NONBLOCK = 0o4000;
const TYPES = { stream: 1, datagram: 2, seqpacket: 5 } as const;
const SOL_SOCKET = 1;
const SO_PEERCRED = 17;
const UCRED_BYTES = 12;
const MSG_NOSIGNAL = 0x4000;
const OWNER_ONLY = 0o600;
/** sizeof(sun_family) */
const FAMILY_BYTES = 2;

/** Bytes of a socket's path (sun_path without its terminator). */
export const MAX_SOCKET_PATH = 107;

/** Who is at the other end of a connection: as the kernel saw him when he connected. */
export interface Peer {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/** @throws NativeError CALL_FAILED */
export function peerOf(fd: number): Peer {
  const ucred = Buffer.alloc(UCRED_BYTES);
  const size = Buffer.alloc(4);
  size.writeInt32LE(UCRED_BYTES, 0);
  const call = c("int getsockopt(int, int, int, void *, void *)");
  if (call(fd, SOL_SOCKET, SO_PEERCRED, ucred, size) < 0) throw failed("getsockopt(SO_PEERCRED)");
  return { pid: ucred.readInt32LE(0), uid: ucred.readUInt32LE(4), gid: ucred.readUInt32LE(8) };
}

/**
 * A socket that listens at `path`, close-on-exec and non-blocking, for its owner alone until its mode is changed; nothing may be at the
 * path. The caller closes it.
 * @throws NativeError CALL_FAILED
 */
export function listenUnix(path: string, type: "stream" | "seqpacket", backlog: number): number {
  const address = addressOf(path);
  const fd = makeSocket(TYPES[type] | SOCK_NONBLOCK);
  // of the socket's file, less the umask
  if (c("int fchmod(int, unsigned int)")(fd, OWNER_ONLY) < 0) throw closedAfter(fd, "fchmod");
  if (c("int bind(int, void *, int)")(fd, address, address.length) < 0)
    throw closedAfter(fd, "bind");
  if (c("int listen(int, int)")(fd, backlog) < 0) throw closedAfter(fd, "listen");
  return fd;
}

/**
 * The next connection, close-on-exec and blocking; the caller closes it.
 * @returns undefined when none waits
 * @throws NativeError CALL_FAILED: EMFILE or ENFILE when no descriptor is left
 */
export function acceptUnix(listener: number): number | undefined {
  const accept = c("int accept4(int, void *, void *, int)");
  for (;;) {
    const fd = accept(listener, null, null, SOCK_CLOEXEC);
    if (fd >= 0) return fd;
    const name = errnoName(errno());
    if (name === "EAGAIN") return undefined;
    if (name !== "EINTR" && name !== "ECONNABORTED") throw failed("accept4");
  }
}

/**
 * A connection to the listener at `path`, close-on-exec and non-blocking; the caller closes it.
 * @throws NativeError CALL_FAILED, TOO_LONG
 */
export function connectUnix(path: string): number {
  const address = addressOf(path);
  // a unix socket is connected at once, or its listener has too many that wait: nobody waits for that here
  const fd = makeSocket(TYPES.stream | SOCK_NONBLOCK);
  if (c("int connect(int, void *, int)")(fd, address, address.length) < 0)
    throw closedAfter(fd, "connect");
  return fd;
}

/**
 * Sends one datagram to the socket at `path`, without waiting; a path that begins with @ is in the abstract name space.
 * @throws NativeError CALL_FAILED: EAGAIN when the receiver has too many already
 */
export function sendDatagram(path: string, bytes: Uint8Array): void {
  const address = addressOf(path);
  const fd = makeSocket(TYPES.datagram | SOCK_NONBLOCK);
  const data = Buffer.from(bytes);
  const send = c("long sendto(int, void *, size_t, int, void *, int)");
  const sent = Number(send(fd, data, data.length, MSG_NOSIGNAL, address, address.length));
  if (sent < 0) throw closedAfter(fd, "sendto");
  closeSocket(fd);
}

/** Closes a descriptor that one of these functions has given. */
export function closeSocket(fd: number): void {
  c("int close(int)")(fd);
}

function makeSocket(type: number): number {
  const fd = c("int socket(int, int, int)")(AF_UNIX, type | SOCK_CLOEXEC, 0);
  if (fd < 0) throw failed("socket");
  return fd;
}

/** sockaddr_un: family, then the path; an abstract one begins with NUL and has no terminator. */
function addressOf(path: string): Buffer {
  const isAbstract = path.startsWith("@");
  const name = Buffer.from(isAbstract ? `\0${path.slice(1)}` : `${path}\0`);
  if (name.length > MAX_SOCKET_PATH + 1) {
    throw new NativeError("TOO_LONG", `a socket's path has at most ${MAX_SOCKET_PATH} bytes`);
  }
  const address = Buffer.alloc(FAMILY_BYTES + name.length);
  address.writeUInt16LE(AF_UNIX, 0);
  name.copy(address, FAMILY_BYTES);
  return address;
}

function closedAfter(fd: number, call: string): NativeError {
  const error = failed(call);
  closeSocket(fd);
  return error;
}

function failed(call: string): NativeError {
  return NativeError.ofCall(call, koffi.errno());
}
