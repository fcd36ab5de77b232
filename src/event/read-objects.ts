// SPDX-License-Identifier: Apache-2.0
// Checked readers of the objects of a record, one for each kind of the layout table.
import type { DentryId, DeviceId, FileId, InodeId, PathId } from "./cell/file.ts";
import type { InodeSetattrCell } from "./cell/inode.ts";
import type { IpcPermId } from "./cell/ipc.ts";
import type { SockAddr, SockId } from "./cell/socket.ts";
import type { CredsId } from "./cell/task.ts";
import type { Coe } from "./coe.ts";
import type { FieldKind, KindValue } from "./layout.ts";
import { Members, type Reader } from "./read-members.ts";
import {
  listOf,
  readBase64,
  readBytes16,
  readDigest,
  readI32,
  readI64,
  readMagic,
  readMask,
  readMode,
  readOctal,
  readSId,
  readText,
  readU16,
  readU32,
  readU64,
} from "./read-values.ts";
import { memberError } from "./record-error.ts";

/** Drops `readonly`, while an object with optional members is made. */
type Draft<T> = { -readonly [M in keyof T]: T[M] };

const INODE = ["uid", "gid", "mode", "s_magic", "s_id", "s_uuid"];

const readInode: Reader<InodeId> = (value, of, name) => {
  const m = new Members(value, of, name);
  const inode: Draft<InodeId> = {
    uid: m.get("uid", readU32),
    gid: m.get("gid", readU32),
    mode: m.get("mode", readOctal),
    sMagic: m.get("s_magic", readMagic),
  };
  const sId = m.find("s_id", readSId);
  if (sId !== undefined) inode.sId = sId;
  const sUuid = m.find("s_uuid", readBytes16);
  if (sUuid !== undefined) inode.sUuid = sUuid;
  m.end(INODE);
  return inode;
};

const DEVICE = ["major", "minor"];

const readDevice: Reader<DeviceId> = (value, of, name) => {
  const m = new Members(value, of, name);
  const device = { major: m.get("major", readU32), minor: m.get("minor", readU32) };
  m.end(DEVICE);
  return device;
};

const PATH = ["dev", "owner", "instance", "created", "type", "temporary", "pathname"];

const readPath: Reader<PathId> = (value, of, name) => {
  const m = new Members(value, of, name);
  const path: Draft<PathId> = { pathname: m.get("pathname", readText) };
  const dev = m.find("dev", readDevice);
  if (dev !== undefined) path.dev = dev;
  const type = m.find("type", readText);
  if (type !== undefined) path.type = type;
  const temporary = m.find("temporary", readText);
  if (temporary !== undefined) path.temporary = temporary;
  if (m.has("owner") || m.has("instance") || m.has("created")) readCreated(m, path);
  m.end(PATH);
  return path;
};

/** `owner` stands with exactly one of `instance` and `created`, and then the name must have a directory. */
function readCreated(m: Members, path: Draft<PathId>): void {
  const owner = m.find("owner", readDigest);
  const instance = m.find("instance", readU64);
  const created = m.find("created", readText);
  if (owner === undefined || (instance === undefined) === (created === undefined)) {
    const problem = "must have owner and one of instance and created, or none of them";
    throw memberError(m.at(""), problem);
  }
  if (!path.pathname.includes("/")) {
    throw memberError(m.at(""), "is of a created object but names no directory");
  }
  path.owner = owner;
  if (instance !== undefined) path.instance = instance;
  if (created !== undefined) path.created = created;
}

const DENTRY = ["inode", "path"];

const readDentry: Reader<DentryId> = (value, of, name) => {
  const m = new Members(value, of, name);
  const inode = m.find("inode", readInode);
  const path = m.get("path", readPath);
  m.end(DENTRY);
  return inode === undefined ? { path } : { inode, path };
};

const FILE = ["flags", "inode", "path", "digest"];

const readFile: Reader<FileId> = (value, of, name) => {
  const m = new Members(value, of, name);
  const file = {
    flags: m.get("flags", readU32),
    inode: m.get("inode", readInode),
    path: m.get("path", readPath),
    digest: m.get("digest", readDigest),
  };
  m.end(FILE);
  return file;
};

const SOCK = ["family", "type", "protocol", "owner"];

const readSock: Reader<SockId> = (value, of, name) => {
  const m = new Members(value, of, name);
  const sock: Draft<SockId> = {
    family: m.get("family", readU32),
    type: m.get("type", readU32),
    protocol: m.get("protocol", readI32),
  };
  const owner = m.find("owner", readDigest);
  if (owner !== undefined) sock.owner = owner;
  m.end(SOCK);
  return sock;
};

const readInet6 = (m: Members): SockAddr => {
  const addr: Draft<Extract<SockAddr, { readonly family: "inet6" }>> = {
    family: "inet6",
    port: m.get("port", readU16),
    address: m.get("address", readBytes16),
  };
  const flow = m.find("flow", readU32);
  if (flow !== undefined) addr.flow = flow;
  const scope = m.find("scope", readU32);
  if (scope !== undefined) addr.scope = scope;
  return addr;
};

const FAMILIES: ReadonlyMap<string, (m: Members) => SockAddr> = new Map([
  [
    "af_inet",
    (m): SockAddr => ({
      family: "inet",
      port: m.get("port", readU16),
      address: m.get("address", readU32),
    }),
  ],
  ["af_inet6", readInet6],
  ["af_unix", (m): SockAddr => ({ family: "unix", address: m.get("address", readText) })],
  ["af_other", (m): SockAddr => ({ family: "other", digest: m.get("address", readDigest) })],
]);
const ADDRESS = ["port", "address", "flow", "scope"];

const readAddr: Reader<SockAddr> = (value, of, name) => {
  const outer = new Members(value, of, name);
  for (const [family, read] of FAMILIES) {
    if (!outer.has(family)) continue;
    const inner = outer.get(family, (v, place, at) => new Members(v, place, at));
    const addr = read(inner);
    inner.end(ADDRESS);
    outer.end([family]);
    return addr;
  }
  throw memberError(of.at(name), "has none of af_inet, af_inet6, af_unix, af_other");
};

const ATTR = ["valid", "mode", "uid", "gid", "size"];

const readAttr: Reader<InodeSetattrCell["attr"]> = (value, of, name) => {
  const m = new Members(value, of, name);
  const attr = {
    valid: m.get("valid", readU32),
    mode: m.get("mode", readOctal),
    uid: m.get("uid", readU32),
    gid: m.get("gid", readU32),
    size: m.get("size", readU64),
  };
  m.end(ATTR);
  return attr;
};

/** Members of a COE. */
export const COE: readonly string[] = [
  "uid",
  "euid",
  "suid",
  "gid",
  "egid",
  "sgid",
  "fsuid",
  "fsgid",
  "capeff",
];
const CREDS = [...COE, "securebits"];

/** The members of a COE that stand in `m`; the caller ends it. */
export function readCoe(m: Members): Coe {
  return {
    uid: m.get("uid", readU32),
    euid: m.get("euid", readU32),
    suid: m.get("suid", readU32),
    gid: m.get("gid", readU32),
    egid: m.get("egid", readU32),
    sgid: m.get("sgid", readU32),
    fsuid: m.get("fsuid", readU32),
    fsgid: m.get("fsgid", readU32),
    capeff: m.get("capeff", readMask),
  };
}

const readCreds: Reader<CredsId> = (value, of, name) => {
  const m = new Members(value, of, name);
  const creds = { ...readCoe(m), securebits: m.get("securebits", readU32) };
  m.end(CREDS);
  return creds;
};

const PERM = ["uid", "gid", "cuid", "cgid", "mode", "owner"];

const readPerm: Reader<IpcPermId> = (value, of, name) => {
  const m = new Members(value, of, name);
  const perm = {
    uid: m.get("uid", readU32),
    gid: m.get("gid", readU32),
    cuid: m.get("cuid", readU32),
    cgid: m.get("cgid", readU32),
    mode: m.get("mode", readMode),
    owner: m.get("owner", readDigest),
  };
  m.end(PERM);
  return perm;
};

/** The reader of each kind of the layout table. */
export const READ: { readonly [K in FieldKind]: Reader<KindValue[K]> } = {
  u16: readU16,
  u32: readU32,
  i32: readI32,
  mode: readMode,
  u64: readU64,
  i64: readI64,
  mask: readMask,
  text: readText,
  base64: readBase64,
  task: readDigest,
  file: readFile,
  inode: readInode,
  path: readPath,
  dentry: readDentry,
  sock: readSock,
  addr: readAddr,
  device: readDevice,
  attr: readAttr,
  creds: readCreds,
  perm: readPerm,
  u32s: listOf(readU32),
  u64s: listOf(readU64),
  rest: readText,
};
