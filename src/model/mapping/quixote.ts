// SPDX-License-Identifier: Apache-2.0
// Mappings `quixote-2025` and `quixote-2024`: COE and CELL bytes as the userspace agents of Quixote hash them, their slips included,
// because the bytes depend on them: fsgid is never hashed (fsuid twice), the ports of inet6 and of accept are 0, connect and bind take
// eight bytes of the digest of an other address, most hooks have no parameters. Integers little-endian, STR(s) = u32 byte length, bytes.
//
//   FILE     u32 flags, uid, gid, u16 mode, u32 s_magic, s_id in 32 bytes, 16 bytes s_uuid (tmpfs: zeros), STR(path type) from 2025 on,
//            PATH, content digest; device numbers are not hashed
//   PATH     STR(pathname); from 2025 on for an object with an instance: STR(directory up to the last /), u64 instance, owner
//   SOCK     u32 family, type, protocol, owner
//
// A member that is absent is an error: there is no value that this agent would have hashed in its place.
import type { ByteWriter } from "../../base/bytes.ts";
import { quote } from "../../base/quote.ts";
import type { FileId, InodeId, PathId } from "../../event/cell/file.ts";
import type { SockAddr, SockId } from "../../event/cell/socket.ts";
import type { Coe } from "../../event/coe.ts";
import type { CellByHook, SecurityEvent } from "../../event/event.ts";
import { ModelError } from "../errors.ts";
import type { Hasher } from "../hasher.ts";
import type { Mapping, MappingFactory } from "./mapping.ts";
import { QUIXOTE_2024_HOOKS, QUIXOTE_2025_HOOKS } from "./quixote-hooks.ts";

const TMPFS_MAGIC = 0x01021994;
const S_ID_BYTES = 32;
const UUID_BYTES = 16;
/** What connect and bind take of the digest of an other address: the size of a pointer. */
const OTHER_HEX_CHARS = 16;

type PutFile = (w: ByteWriter, file: FileId) => void;

/** Mapping of Quixote of April 2025. */
export const quixote2025: MappingFactory = (hasher) =>
  quixote(QUIXOTE_2025_HOOKS, putFile2025, hasher);

/** Mapping of Quixote of August 2024: paths have no type and no instances. */
export const quixote2024: MappingFactory = (hasher) =>
  quixote(QUIXOTE_2024_HOOKS, putFile2024, hasher);

function quixote(hooks: ReadonlySet<string>, putFile: PutFile, hasher: Hasher): Mapping {
  return {
    hashesParent: false,
    mapsExec: true,
    baseFirst: true,
    maps: (hook) => hooks.has(hook),
    putCoe,
    putCell: cellOf(hooks, putFile, hasher.hex(new Uint8Array(0))),
  };
}

function putCoe(w: ByteWriter, c: Coe): void {
  w.u32(c.uid).u32(c.euid).u32(c.suid).u32(c.gid).u32(c.egid).u32(c.sgid);
  w.u32(c.fsuid).u32(c.fsuid).u64(c.capeff);
}

function cellOf(
  hooks: ReadonlySet<string>,
  putFile: PutFile,
  emptyDigest: string,
): Mapping["putCell"] {
  return (w, e) => {
    switch (e.hook) {
      case "file_open":
        putFile(w, e.cell.file);
        break;
      case "mmap_file":
        if (e.cell.file !== undefined) putFile(w, e.cell.file);
        w.u32(e.cell.prot).u32(e.cell.flags);
        break;
      case "socket_create":
        w.u32(e.cell.family).u32(e.cell.type).u32(e.cell.protocol).u32(e.cell.kern);
        break;
      case "socket_connect":
      case "socket_bind":
        putSock(w, e.cell.sock);
        putNamed(w, e.cell.addr);
        break;
      case "socket_accept":
        putAccepted(w, e.cell);
        break;
      case "task_kill":
        w.u32(e.cell.crossNs).u32(e.cell.sig).id(e.cell.target);
        break;
      default:
        putGeneric(w, e, hooks, emptyDigest);
    }
  };
}

/** The name and the digest of nothing. */
function putGeneric(
  w: ByteWriter,
  e: SecurityEvent,
  hooks: ReadonlySet<string>,
  emptyDigest: string,
): void {
  if (!hooks.has(e.hook)) throw notMappable(nameOf(e), "Quixote has no such hook");
  w.text(e.hook).id(emptyDigest);
}

function nameOf(e: SecurityEvent): string {
  return e.hook === "syscall" ? `syscall:${e.syscall}` : e.hook;
}

function putFile2025(w: ByteWriter, f: FileId): void {
  w.u32(f.flags);
  putInode(w, f.inode);
  w.string(present(f.path.type, "path.type"));
  putPath(w, f.path);
  w.id(f.digest);
}

function putFile2024(w: ByteWriter, f: FileId): void {
  w.u32(f.flags);
  putInode(w, f.inode);
  refuseClass(f.path);
  w.string(f.path.pathname).id(f.digest);
}

function putInode(w: ByteWriter, i: InodeId): void {
  w.u32(i.uid).u32(i.gid).u16(i.mode).u32(i.sMagic);
  w.textPadded(present(i.sId, "inode.s_id"), S_ID_BYTES);
  if (i.sMagic === TMPFS_MAGIC) w.zeros(UUID_BYTES);
  else w.id(present(i.sUuid, "inode.s_uuid"));
}

function putPath(w: ByteWriter, p: PathId): void {
  refuseClass(p);
  if (p.instance === undefined || p.instance === 0n) {
    w.string(p.pathname);
    return;
  }
  const directory = p.pathname.slice(0, p.pathname.lastIndexOf("/") + 1);
  if (directory === "")
    throw notMappable("path", `${quote(p.pathname)} of a created object has no directory`);
  w.string(directory).u64(p.instance).id(present(p.owner, "path.owner"));
}

/** A profile has put a class in place of the instance: these are no events of Quixote any more. */
function refuseClass(p: PathId): void {
  if (p.created !== undefined)
    throw notMappable("path", "created objects have a class; only the profile exact fits");
}

function putSock(w: ByteWriter, s: SockId): void {
  w.u32(s.family).u32(s.type).u32(s.protocol).id(present(s.owner, "sock.owner"));
}

function putNamed(w: ByteWriter, a: SockAddr): void {
  switch (a.family) {
    case "inet":
      w.u16(a.port).u32(a.address);
      break;
    case "inet6":
      w.u16(0).hex(a.address);
      w.u32(present(a.flow, "addr.flow")).u32(present(a.scope, "addr.scope"));
      break;
    case "unix":
      w.text(a.address);
      break;
    case "other":
      w.hex(a.digest.slice(0, OTHER_HEX_CHARS));
      break;
  }
}

function putAccepted(w: ByteWriter, { sock, addr }: CellByHook["socket_accept"]): void {
  putSock(w, sock);
  const a = present(addr, "addr");
  switch (a.family) {
    case "inet":
      w.u16(0).u32(a.address);
      break;
    case "inet6":
      w.u16(0).hex(a.address);
      break;
    case "unix":
      w.text(a.address);
      break;
    case "other":
      w.hex(a.digest);
      break;
  }
}

function present<T>(value: T | undefined, member: string): T {
  if (value !== undefined) return value;
  throw notMappable(member, "is not known, and Quixote never leaves it out");
}

function notMappable(what: string, why: string): ModelError {
  return new ModelError(
    "NOT_MAPPABLE",
    `can not be mapped as Quixote does: ${quote(what, 80)}: ${why}`,
  );
}
