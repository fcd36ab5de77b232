// SPDX-License-Identifier: Apache-2.0
// Events of a sensor that knows less than a TSEM kernel, with fixed values for what it does not know: for agents that take nothing else.
import type { FileId, InodeId, PathId } from "../cell/file.ts";
import type { SockAddr, SockId } from "../cell/socket.ts";
import type { SecurityEvent } from "../event.ts";

const PATH_TYPE = "root";
const S_ID = "unknown";
const S_UUID = "00".repeat(16);
const OWNER = "00".repeat(32);

/** Only members that Quixote's mappings hash are filled in, and only where they are absent: each with one value for all events. */
export function asKernelTells(event: SecurityEvent): SecurityEvent {
  switch (event.hook) {
    case "file_open":
      return { ...event, cell: { ...event.cell, file: fileAsKernelTells(event.cell.file) } };
    case "mmap_file": {
      const { file } = event.cell;
      if (file === undefined) return event;
      return { ...event, cell: { ...event.cell, file: fileAsKernelTells(file) } };
    }
    case "socket_connect":
    case "socket_bind": {
      const { sock, addr } = event.cell;
      return { ...event, cell: { ...event.cell, sock: sockOf(sock), addr: addrOf(addr) } };
    }
    case "socket_accept":
      return { ...event, cell: { ...event.cell, sock: sockOf(event.cell.sock) } };
    default:
      return event;
  }
}

/** The same of a program's file. */
export function fileAsKernelTells(file: FileId): FileId {
  return { ...file, inode: inodeOf(file.inode), path: pathOf(file.path) };
}

function inodeOf(inode: InodeId): InodeId {
  return { ...inode, sId: inode.sId ?? S_ID, sUuid: inode.sUuid ?? S_UUID };
}

function pathOf(path: PathId): PathId {
  return { ...path, type: path.type ?? PATH_TYPE };
}

function sockOf(sock: SockId): SockId {
  return { ...sock, owner: sock.owner ?? OWNER };
}

function addrOf(addr: SockAddr): SockAddr {
  if (addr.family !== "inet6") return addr;
  return { ...addr, flow: addr.flow ?? 0, scope: addr.scope ?? 0 };
}
