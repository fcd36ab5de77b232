// SPDX-License-Identifier: Apache-2.0
// COE and CELL bytes of mapping `tsem-v4`, as the TSEM v4 kernel hashes them; members in the order of the hook table (event/hooks.ts).
// Members that a sensor cannot see: s_id, s_uuid and the owner of a socket map as zeros, inet6 flow and scope as 0;
// a member that TSEM itself leaves out at times (dev, file of mmap, names of mount, parts of settime) adds no bytes.
//
// Extension for Galgo's own hooks, integers little-endian, STR(s) = u32 byte length and the bytes:
//   file_mprotect        FILE if present, u32 prot
//   path_chroot          PATH
//   task_fix_setuid, task_fix_setgid, task_fix_setgroups   u32 flags, u32 count, u32 ids
//   syscall              u32 count, u64 args, STR(text) if present; the type is `syscall:<name>`
//   PATH of a created object with a class   STR(directory up to the last /), owner digest, STR(class)
import { decodeBase64 } from "../../base/base64.ts";
import type { ByteWriter } from "../../base/bytes.ts";
import type { DentryId, FileId, InodeId, PathId } from "../../event/cell/file.ts";
import type { IpcPermId } from "../../event/cell/ipc.ts";
import type { SockAddr, SockId } from "../../event/cell/socket.ts";
import type { Coe } from "../../event/coe.ts";
import type { CellByHook, HookName, SecurityEvent } from "../../event/event.ts";
import { HOOKS, isUntold } from "../../event/index.ts";
import type { FieldKind, KindValue } from "../../event/layout.ts";
import { ModelError } from "../errors.ts";

type Put<T> = (w: ByteWriter, value: T) => void;
type PutCell<T> = (w: ByteWriter, cell: T, emptyDigest: string) => void;

/** tmpfs: its uuid is made anew at every mount, so the kernel hashes zeros for it. */
const TMPFS_MAGIC = 0x01021994;
const S_ID_BYTES = 32;
const UUID_BYTES = 16;
const SOCK_OWNER_BYTES = 64;
const WIDE_TASK_BYTES = 64;
/** Its second argument is an address in the task. */
const PR_GET_PDEATHSIG = 2;

/** COE: eight u32 ids, u64 capabilities. */
export function putCoe(w: ByteWriter, c: Coe): void {
  w.u32(c.uid).u32(c.euid).u32(c.suid).u32(c.gid).u32(c.egid).u32(c.sgid);
  w.u32(c.fsuid).u32(c.fsgid).u64(c.capeff);
}

/** FILE: u32 flags, INODE, PATH, content digest. */
export function putFile(w: ByteWriter, f: FileId): void {
  w.u32(f.flags);
  putInode(w, f.inode);
  putPath(w, f.path);
  w.hex(f.digest);
}

/** The CELL of an event: its members by the hook table, except where the kernel does otherwise. `emptyDigest` is that of no bytes, hex. @throws ModelError NOT_MAPPABLE when the CELL is not told */
export function putCell(w: ByteWriter, e: SecurityEvent, emptyDigest: string): void {
  if (isUntold(e)) {
    const problem = `the record does not say on what ${e.hook} acted; only Quixote's mappings do without`;
    throw new ModelError("NOT_MAPPABLE", problem);
  }
  const own = OWN[e.hook] as PutCell<unknown> | undefined;
  if (own !== undefined) {
    own(w, e.cell, emptyDigest);
    return;
  }
  const cell = e.cell as unknown as Readonly<Record<string, unknown>>;
  for (const field of HOOKS[e.hook].cell) {
    const value = cell[field.member];
    if (value !== undefined) (PUT[field.kind] as Put<unknown>)(w, value);
  }
}

function putInode(w: ByteWriter, i: InodeId): void {
  w.u32(i.uid)
    .u32(i.gid)
    .u32(i.mode)
    .u32(i.sMagic)
    .textPadded(i.sId ?? "", S_ID_BYTES);
  if (i.sUuid === undefined || i.sMagic === TMPFS_MAGIC) w.zeros(UUID_BYTES);
  else w.id(i.sUuid);
}

/**
 * PATH. An object created inside the namespace is its directory and who created it: as TSEM has it with an instance number,
 * or (extension) with the class that a profile put in its place: STR(directory), owner digest, STR(class).
 */
function putPath(w: ByteWriter, p: PathId): void {
  if (p.dev !== undefined) w.u32(p.dev.major).u32(p.dev.minor);
  if (p.owner === undefined) {
    w.string(p.pathname);
    return;
  }
  w.string(p.pathname.slice(0, p.pathname.lastIndexOf("/") + 1));
  if (p.created === undefined) w.u64(p.instance ?? 0n).id(p.owner);
  else w.id(p.owner).string(p.created);
}

function putDentry(w: ByteWriter, d: DentryId): void {
  if (d.inode !== undefined) putInode(w, d.inode);
  putPath(w, d.path);
}

function putSock(w: ByteWriter, s: SockId): void {
  w.u32(s.family)
    .u32(s.type)
    .u32(s.protocol)
    .hexPadded(s.owner ?? "", SOCK_OWNER_BYTES);
}

function putAddr(w: ByteWriter, a: SockAddr): void {
  switch (a.family) {
    case "inet":
      w.u16(a.port).u32(a.address);
      break;
    case "inet6":
      w.u16(a.port).hex(a.address);
      break;
    case "unix":
      w.text(a.address);
      break;
    case "other":
      w.hex(a.digest);
      break;
  }
}

/** connect and bind, unlike the other socket hooks, carry flow and scope of an inet6 address. */
function putNamed(w: ByteWriter, cell: CellByHook["socket_connect"]): void {
  putSock(w, cell.sock);
  putAddr(w, cell.addr);
  if (cell.addr.family === "inet6") w.u32(cell.addr.flow ?? 0).u32(cell.addr.scope ?? 0);
}

/** The kernel hashes neither arg3 nor the address that PR_GET_PDEATHSIG is given. */
function putPrctl(w: ByteWriter, cell: CellByHook["task_prctl"]): void {
  w.u32(cell.option).u64(cell.option === PR_GET_PDEATHSIG ? 0n : cell.arg2);
  w.u64(cell.arg4).u64(cell.arg5);
}

/** Rights of a System V object. */
function putPerm(w: ByteWriter, p: IpcPermId): void {
  w.u32(p.uid).u32(p.gid).u32(p.cuid).u32(p.cgid).u16(p.mode).id(p.owner);
}

/** A TASK_ID in a field made for the longest digest. */
function putWideTask(w: ByteWriter, task: string): ByteWriter {
  return w.hexPadded(task, WIDE_TASK_BYTES);
}

/** Ids of the key are cut to 16 bits; of the credentials counts the uid. */
function putKeyPermission(w: ByteWriter, cell: CellByHook["key_permission"]): void {
  w.u32(cell.possessed).u16(cell.uid).u16(cell.gid).u64(cell.flags);
  w.u32(cell.cred.uid).u32(cell.perm);
}

/** The namespace of the receiver is not hashed. */
function putNetlink(w: ByteWriter, cell: CellByHook["netlink_send"]): void {
  putSock(w, cell.sock);
  w.u32(cell.uid).u32(cell.gid).u32(cell.portid).u32(cell.dstGroup).u32(cell.flags);
}

/** A hook that the kernel has no bytes for: its name, and the digest of nothing. */
const nameOnly = (hook: HookName): PutCell<unknown> => {
  return (w, _cell, emptyDigest) => void w.text(hook).id(emptyDigest);
};

const OWN: { readonly [H in HookName]?: PutCell<CellByHook[H]> } = {
  socket_connect: putNamed,
  socket_bind: putNamed,
  task_setpgid: (w, cell) => void putWideTask(putWideTask(w, cell.task), cell.source),
  task_setnice: (w, cell) => void putWideTask(w, cell.task).u32(cell.nice),
  task_setioprio: (w, cell) => void putWideTask(w, cell.task).u32(cell.ioprio),
  task_prctl: putPrctl,
  key_permission: putKeyPermission,
  netlink_send: putNetlink,
  bpf: (w, cell) => void w.u32(cell.cmd),
  bpf_map: (w, cell) => void w.u32(cell.mapType),
  bpf_prog: (w, cell) => void w.u32(cell.type),
  file_ioctl_compat: nameOnly("file_ioctl_compat"),
  msg_queue_msgsnd: nameOnly("msg_queue_msgsnd"),
  quota_on: nameOnly("quota_on"),
  tun_dev_create: nameOnly("tun_dev_create"),
  tun_dev_attach: nameOnly("tun_dev_attach"),
  tun_dev_open: nameOnly("tun_dev_open"),
};

const PUT: { readonly [K in FieldKind]: Put<KindValue[K]> } = {
  u16: (w, v) => void w.u16(v),
  u32: (w, v) => void w.u32(v),
  i32: (w, v) => void w.u32(v),
  mode: (w, v) => void w.u16(v),
  u64: (w, v) => void w.u64(v),
  i64: (w, v) => void w.u64(v),
  mask: (w, v) => void w.u64(v),
  text: (w, v) => void w.string(v),
  base64: (w, v) => void w.raw(decodeBase64(v)),
  task: (w, v) => void w.id(v),
  file: putFile,
  inode: putInode,
  path: putPath,
  dentry: putDentry,
  sock: putSock,
  addr: putAddr,
  device: (w, v) => void w.u32((v.major << 20) | v.minor),
  attr: (w, v) => void w.u32(v.valid).u32(v.mode).u32(v.uid).u32(v.gid).u64(v.size),
  // Of credentials the kernel hashes the uid alone.
  creds: (w, v) => void w.u32(v.uid),
  perm: putPerm,
  u32s: (w, v) => {
    w.u32(v.length);
    for (const number of v) w.u32(number);
  },
  u64s: (w, v) => {
    w.u32(v.length);
    for (const number of v) w.u64(number);
  },
  // Hooks with undescribed members are mapped by their name.
  rest: () => {},
};
