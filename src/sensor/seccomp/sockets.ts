// SPDX-License-Identifier: Apache-2.0
// Sockets of tasks: a copy of the descriptor tells family, type, protocol and local address. The owner is the
// identity that made the socket, as far as this sensor has seen it made.
import type { SockAddr, SockId } from "../../event/cell/socket.ts";
import { decodePath } from "../../base/path-text.ts";
import { createHash } from "node:crypto";
import { sys } from "../../native/syscalls.ffi.ts";
import type { Process } from "./tasks.ts";
import { Unseen } from "../file/unseen.ts";

const PIDFD_GETFD = 438;
const SOL_SOCKET = 1;
const SO = { TYPE: 3, PEERCRED: 17, PROTOCOL: 38, DOMAIN: 39 } as const;
/** struct ucred {pid, uid, gid}. */
const CREDENTIALS_SIZE = 12;
export const AF = { UNSPEC: 0, UNIX: 1, INET: 2, INET6: 10, NETLINK: 16 } as const;
/** sizeof(struct sockaddr_storage). */
export const MAX_ADDRESS = 128;

const value = Buffer.alloc(4);
const length = Buffer.alloc(4);
const address = Buffer.alloc(MAX_ADDRESS);
const credentials = Buffer.alloc(CREDENTIALS_SIZE);

/**
 * A descriptor of ours for the task's descriptor; -1 when it has none or the kernel refuses (Yama, Docker's default profile).
 * @throws Unseen when this process had no descriptor left to refer to the task with
 */
export function copyFd(process: Process, fd: number): number {
  if (process.pidfd < 0) throw new Unseen("agent-limit", `no pidfd for pid ${process.tgid}`);
  if (fd < 0) return -1;
  return Number(sys().syscall3(PIDFD_GETFD, process.pidfd, fd, 0));
}

/** What kind of socket a descriptor of ours is; undefined when it is none. */
export function sockOf(fd: number): SockId | undefined {
  const family = option(fd, SO.DOMAIN);
  const type = option(fd, SO.TYPE);
  const protocol = option(fd, SO.PROTOCOL);
  if (family === undefined || type === undefined || protocol === undefined) return undefined;
  return { family, type, protocol };
}

/** Process that listens at, or has made, the other end of a local socket of ours; 0 when it is not known. */
export function peerPid(fd: number): number {
  length.writeUInt32LE(CREDENTIALS_SIZE, 0);
  const known = sys().getsockopt(fd, SOL_SOCKET, SO.PEERCRED, credentials, length) === 0;
  return known ? credentials.readInt32LE(0) : 0;
}

function option(fd: number, name: number): number | undefined {
  length.writeUInt32LE(4, 0);
  return sys().getsockopt(fd, SOL_SOCKET, name, value, length) === 0
    ? value.readUInt32LE(0)
    : undefined;
}

/** Local address of a descriptor of ours; undefined when it has none. */
export function localAddress(fd: number, digest: string): SockAddr | undefined {
  return addressBy(sys().getsockname, fd, digest);
}

/** Address that a descriptor of ours is connected to; undefined when it is not. */
export function peerAddress(fd: number, digest: string): SockAddr | undefined {
  return addressBy(sys().getpeername, fd, digest);
}

function addressBy(
  call: (fd: number, address: Buffer, size: Buffer) => number,
  fd: number,
  digest: string,
): SockAddr | undefined {
  length.writeUInt32LE(MAX_ADDRESS, 0);
  if (call(fd, address, length) !== 0) return undefined;
  return parseAddress(address.subarray(0, length.readUInt32LE(0)), digest);
}

/**
 * A struct sockaddr as it stands in memory. undefined: too short to have a family, or AF_UNSPEC.
 * inet words stay as they are in memory and are read as native integers, as TSEM prints them.
 */
export function parseAddress(bytes: Buffer, digest: string): SockAddr | undefined {
  if (bytes.length < 2) return undefined;
  const family = bytes.readUInt16LE(0);
  if (family === AF.UNSPEC) return undefined;
  if (family === AF.INET && bytes.length >= 8) {
    return { family: "inet", port: bytes.readUInt16LE(2), address: bytes.readUInt32LE(4) };
  }
  if (family === AF.INET6 && bytes.length >= 24) {
    return {
      family: "inet6",
      port: bytes.readUInt16LE(2),
      flow: bytes.readUInt32LE(4),
      address: bytes.toString("hex", 8, 24),
      scope: bytes.length >= 28 ? bytes.readUInt32LE(24) : 0,
    };
  }
  if (family === AF.UNIX) return { family: "unix", address: unixName(bytes.subarray(2)) };
  return { family: "other", digest: createHash(digest).update(bytes).digest("hex") };
}

/** A path ends at its first NUL; an abstract name starts with NUL and has its full length. */
function unixName(bytes: Buffer): string {
  if (bytes.length === 0) return "";
  if (bytes[0] === 0) return `\0${decodePath(bytes.subarray(1))}`;
  const end = bytes.indexOf(0);
  return decodePath(end < 0 ? bytes : bytes.subarray(0, end));
}
