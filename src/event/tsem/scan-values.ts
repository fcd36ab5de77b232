// SPDX-License-Identifier: Apache-2.0
// Values of a record in a kernel's spelling, one reader for each kind of the layout table. A reader starts behind the opening quote of a scalar
// or at the opening brace of an object, and ends before the closing quote or behind the closing brace. `follow` is what stands behind the value.
import { encodePath } from "../../base/path-text.ts";
import type { DentryId, DeviceId, FileId, InodeId, PathId } from "../cell/file.ts";
import type { InodeSetattrCell } from "../cell/inode.ts";
import type { IpcPermId } from "../cell/ipc.ts";
import type { SockAddr, SockId } from "../cell/socket.ts";
import type { CredsId } from "../cell/task.ts";
import type { FieldKind, KindValue } from "../layout.ts";
import { MAX_S_ID_BYTES } from "../limits.ts";
import { jsonTree } from "./json-tree.ts";
import { scanCoeMembers } from "./scan-coe.ts";
import { MISMATCH, type Scanner } from "./scanner.ts";

type Draft<T> = { -readonly [M in keyof T]: T[M] };

/** Reads one value. */
export type ScanValue<T> = (s: Scanner, follow: string) => T;

const U32 = 0xffff_ffff;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function scanSId(s: Scanner): string {
  const sId = s.chosen('", "s_uuid": "');
  // A name of at most a third of the bytes fits whatever its characters are.
  const fits = sId.length * 3 <= MAX_S_ID_BYTES || encodePath(sId).length <= MAX_S_ID_BYTES;
  if (!fits) throw MISMATCH;
  return sId;
}

const scanInode: ScanValue<InodeId> = (s) => {
  s.fixed('{"uid": "');
  const uid = s.u32();
  s.fixed('", "gid": "');
  const gid = s.u32();
  s.fixed('", "mode": "');
  const mode = s.octal(U32);
  s.fixed('", "s_magic": "');
  const sMagic = s.magic();
  if (s.skip('", "s_id": "')) {
    const sId = scanSId(s);
    if (s.skip('", "s_uuid": "')) {
      const sUuid = s.bytes16();
      s.fixed('"}');
      return { uid, gid, mode, sMagic, sId, sUuid };
    }
    s.fixed('"}');
    return { uid, gid, mode, sMagic, sId };
  }
  // Only a sensor of our own leaves members out.
  const inode: Draft<InodeId> = { uid, gid, mode, sMagic };
  if (s.skip('", "s_uuid": "')) inode.sUuid = s.bytes16();
  s.fixed('"}');
  return inode;
};

const scanDevice: ScanValue<DeviceId> = (s) => {
  s.fixed('{"major": "');
  const major = s.u32();
  s.fixed('", "minor": "');
  const minor = s.u32();
  s.fixed('"}');
  return { major, minor };
};

const scanPath: ScanValue<PathId> = (s, follow) => {
  s.fixed("{");
  const dev = s.skip('"dev": ') ? scanDevice(s, "") : undefined;
  if (dev !== undefined) s.fixed(", ");
  if (!s.at('"pathname": "')) return scanLongPath(s, follow, dev);
  const pathname = scanName(s, follow, false);
  return dev === undefined ? { pathname } : { dev, pathname };
};

/** A path that says more than its device and its name. */
function scanLongPath(s: Scanner, follow: string, dev: DeviceId | undefined): PathId {
  const path: Draft<PathId> = { pathname: "" };
  if (dev !== undefined) path.dev = dev;
  if (s.skip('"owner": "')) {
    path.owner = s.digest();
    if (s.skip('", "instance": "')) {
      path.instance = s.u64();
      s.fixed('", ');
    } else {
      s.fixed('", "created": "');
      path.created = s.word();
      s.fixed(", ");
    }
  }
  const typed = s.skip('"type": "');
  if (typed) {
    path.type = s.word();
    s.fixed(", ");
  }
  if (s.skip('"temporary": "')) {
    path.temporary = s.word();
    s.fixed(", ");
  }
  path.pathname = scanName(s, follow, typed);
  if (path.owner !== undefined && !path.pathname.includes("/")) throw MISMATCH;
  return path;
}

function scanName(s: Scanner, follow: string, escaped: boolean): string {
  s.fixed('"pathname": "');
  const raw = s.chosen(s.guided ? `"}${follow}` : "", escaped);
  s.fixed('"}');
  return escaped && s.guided && s.escapes ? raw.replaceAll('\\"', '"') : raw;
}

const scanDentry: ScanValue<DentryId> = (s, follow) => {
  s.fixed("{");
  const inode = s.skip('"inode": ') ? scanInode(s, "") : undefined;
  if (inode !== undefined) s.fixed(", ");
  s.fixed('"path": ');
  const path = scanPath(s, s.guided ? `}${follow}` : "");
  s.fixed("}");
  return inode === undefined ? { path } : { inode, path };
};

const scanFile: ScanValue<FileId> = (s) => {
  s.fixed('{"flags": "');
  const flags = s.u32();
  s.fixed('", "inode": ');
  const inode = scanInode(s, "");
  s.fixed(', "path": ');
  const path = scanPath(s, ', "digest": "');
  s.fixed(', "digest": "');
  const digest = s.digest();
  s.fixed('"}');
  return { flags, inode, path, digest };
};

const scanSock: ScanValue<SockId> = (s) => {
  s.fixed('{"family": "');
  const family = s.u32();
  s.fixed('", "type": "');
  const type = s.u32();
  s.fixed('", "protocol": "');
  const protocol = s.i32();
  const owner = s.skip('", "owner": "') ? s.digest() : undefined;
  s.fixed('"}');
  return owner === undefined ? { family, type, protocol } : { family, type, protocol, owner };
};

const scanAddr: ScanValue<SockAddr> = (s, follow) => {
  if (s.skip('{"af_inet": {"port": "')) {
    const port = s.u16();
    s.fixed('", "address": "');
    const address = s.u32();
    s.fixed('"}}');
    return { family: "inet", port, address };
  }
  if (s.skip('{"af_unix": {"address": "')) {
    const address = s.chosen(s.guided ? `"}}${follow}` : "");
    s.fixed('"}}');
    return { family: "unix", address };
  }
  if (s.skip('{"af_inet6": {"port": "')) return scanInet6(s);
  s.fixed('{"af_other": {"address": "');
  const digest = s.digest();
  s.fixed('"}}');
  return { family: "other", digest };
};

function scanInet6(s: Scanner): SockAddr {
  const addr: Draft<Extract<SockAddr, { readonly family: "inet6" }>> = {
    family: "inet6",
    port: s.u16(),
    address: "",
  };
  if (s.skip('", "flow": "')) addr.flow = s.u32();
  if (s.skip('", "scope": "')) addr.scope = s.u32();
  s.fixed('", "address": "');
  addr.address = s.bytes16();
  s.fixed('"}}');
  return addr;
}

const scanAttr: ScanValue<InodeSetattrCell["attr"]> = (s) => {
  s.fixed('{"valid": "');
  const valid = s.u32();
  s.fixed('", "mode": "');
  const mode = s.octal(U32);
  s.fixed('", "uid": "');
  const uid = s.u32();
  s.fixed('", "gid": "');
  const gid = s.u32();
  s.fixed('", "size": "');
  const size = s.u64();
  s.fixed('"}');
  return { valid, mode, uid, gid, size };
};

const scanCreds: ScanValue<CredsId> = (s) => {
  s.fixed('{"');
  const coe = scanCoeMembers(s);
  s.fixed('", "securebits": "');
  const securebits = s.u32();
  s.fixed('"}');
  return { ...coe, securebits };
};

const scanPerm: ScanValue<IpcPermId> = (s) => {
  s.fixed('{"uid": "');
  const uid = s.u32();
  s.fixed('", "gid": "');
  const gid = s.u32();
  s.fixed('", "cuid": "');
  const cuid = s.u32();
  s.fixed('", "cgid": "');
  const cgid = s.u32();
  s.fixed('", "mode": "');
  const mode = s.octal(0xffff);
  s.fixed('", "owner": "');
  const owner = s.digest();
  s.fixed('"}');
  return { uid, gid, cuid, cgid, mode, owner };
};

/** Members that nobody has described, up to the brace that closes the record. */
const scanRest: ScanValue<string> = (s) => {
  const text = s.text.slice(s.pos, -1);
  const tree = jsonTree(text);
  if (tree === undefined || tree.controls || tree.twice !== undefined || text.includes("\\")) {
    throw MISMATCH;
  }
  s.pos += text.length;
  return JSON.stringify(tree.value);
};

function scanList<T>(s: Scanner, item: (s: Scanner) => T): readonly T[] {
  s.fixed("[");
  const list: T[] = [];
  while (!s.skip("]")) {
    s.fixed(list.length === 0 ? '"' : ', "');
    list.push(item(s));
    s.fixed('"');
  }
  return list;
}

const PADDED = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)/;

/**
 * The base64 that a kernel wrote into a buffer without ending it there, so that something older may stand behind it. Its padding tells where
 * it ends; without one the whole must be base64, else nobody can tell: undefined.
 */
export function base64Of(text: string): string | undefined {
  return BASE64.test(text) ? text : PADDED.exec(text)?.[0];
}

const scanBase64: ScanValue<string> = (s, follow) => {
  const value = base64Of(s.chosen(s.guided ? `"${follow}` : ""));
  if (value === undefined) throw MISMATCH;
  return value;
};

/** The reader of each kind. */
export const SCAN: { readonly [K in FieldKind]: ScanValue<KindValue[K]> } = {
  u16: (s) => s.u16(),
  u32: (s) => s.u32(),
  i32: (s) => s.i32(),
  mode: (s) => s.octal(0xffff),
  u64: (s) => s.u64(),
  i64: (s) => s.i64(),
  mask: (s) => s.mask(),
  text: (s, follow) => s.chosen(s.guided ? `"${follow}` : ""),
  base64: scanBase64,
  task: (s) => s.digest(),
  file: scanFile,
  inode: scanInode,
  path: scanPath,
  dentry: scanDentry,
  sock: scanSock,
  addr: scanAddr,
  device: scanDevice,
  attr: scanAttr,
  creds: scanCreds,
  perm: scanPerm,
  u32s: (s) => scanList(s, (item) => item.u32()),
  u64s: (s) => scanList(s, (item) => item.u64()),
  rest: scanRest,
};

/** Kinds whose values are objects or lists and bring their own brackets; all others stand in quotes. */
export const BRACKETED: ReadonlySet<FieldKind> = new Set<FieldKind>([
  "file",
  "inode",
  "path",
  "dentry",
  "sock",
  "addr",
  "device",
  "attr",
  "creds",
  "perm",
  "u32s",
  "u64s",
  "rest",
]);
