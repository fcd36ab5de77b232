// SPDX-License-Identifier: Apache-2.0
// Checked readers of record members: scalars (all of them JSON strings) and the shared sub-objects, one for each kind of the layout table.
import { isHex } from "../base/hex.ts";
import { encodePath } from "../base/path-text.ts";
import { quote } from "../base/quote.ts";
import type { DentryId, DeviceId, FileId, InodeId, InodeSetattrCell, PathId } from "./cell/file.ts";
import type { SockAddr, SockId } from "./cell/socket.ts";
import type { FieldKind, KindValue } from "./layout.ts";
import { MAX_DIGEST_BYTES, MAX_LIST, MAX_S_ID_BYTES, MAX_TEXT_CHARS } from "./limits.ts";
import { Members, type Reader } from "./read-members.ts";
import { memberError } from "./record-error.ts";

const U32 = 0xffff_ffff;
const U64 = 0xffff_ffff_ffff_ffffn;
const DECIMAL = /^(?:0|[1-9][0-9]{0,19})$/;
const SIGNED = /^(?:0|-?[1-9][0-9]{0,9})$/;
const OCTAL = /^0[0-7]{1,11}$/;
const HEX_NUMBER = /^0x[0-9a-f]{1,16}$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

export const readText: Reader<string> = (value, path) => {
  if (typeof value !== "string") throw memberError(path, "is not a string");
  if (value.length > MAX_TEXT_CHARS) throw memberError(path, `is longer than ${MAX_TEXT_CHARS}`);
  return value;
};

const matching = (value: unknown, path: string, shape: RegExp, what: string): string => {
  const text = readText(value, path);
  if (!shape.test(text)) throw memberError(path, `is not ${what}: ${quote(text, 40)}`);
  return text;
};

const unsigned = (max: number): Reader<number> => {
  return (value, path) => {
    const number = Number(matching(value, path, DECIMAL, "a decimal number"));
    if (number > max) throw memberError(path, `is larger than ${max}`);
    return number;
  };
};

const wide = (shape: RegExp, what: string): Reader<bigint> => {
  return (value, path) => {
    const number = BigInt(matching(value, path, shape, what));
    if (number > U64) throw memberError(path, "is larger than 64 bits");
    return number;
  };
};

const listOf = <T>(read: Reader<T>): Reader<readonly T[]> => {
  return (value, path) => {
    if (!Array.isArray(value)) throw memberError(path, "is not a list");
    if (value.length > MAX_LIST) throw memberError(path, `has more than ${MAX_LIST} items`);
    return value.map((item, i) => read(item, `${path}.${i}`));
  };
};

export const readU32: Reader<number> = unsigned(U32);
export const readU64: Reader<bigint> = wide(DECIMAL, "a decimal number");
export const readMask: Reader<bigint> = wide(HEX_NUMBER, "a hex number");

const readI32: Reader<number> = (value, path) => {
  const number = Number(matching(value, path, SIGNED, "a decimal number"));
  if (number > U32 || number < -0x8000_0000) throw memberError(path, "is outside 32 bits");
  return number;
};

const readOctalUpTo = (max: number, value: unknown, path: string): number => {
  const number = Number.parseInt(matching(value, path, OCTAL, "an octal number"), 8);
  if (number > max) throw memberError(path, `is larger than 0${max.toString(8)}`);
  return number;
};

const readOctal: Reader<number> = (value, path) => readOctalUpTo(U32, value, path);

const readMagic: Reader<number> = (value, path) => {
  const number = readMask(value, path);
  if (number > BigInt(U32)) throw memberError(path, "is larger than 32 bits");
  return Number(number);
};

export const readDigest: Reader<string> = (value, path) => {
  const text = readText(value, path);
  if (text === "" || text.length > MAX_DIGEST_BYTES * 2 || !isHex(text)) {
    throw memberError(path, `is not a digest in hex: ${quote(text, 40)}`);
  }
  return text;
};

const readBytes16: Reader<string> = (value, path) => {
  const text = readText(value, path);
  if (!isHex(text, 16)) throw memberError(path, `is not 32 hex digits: ${quote(text, 40)}`);
  return text;
};

const readSId: Reader<string> = (value, path) => {
  const text = readText(value, path);
  if (text.length > MAX_S_ID_BYTES || encodePath(text).length > MAX_S_ID_BYTES) {
    throw memberError(path, `is longer than ${MAX_S_ID_BYTES} bytes`);
  }
  return text;
};

const readInode: Reader<InodeId> = (value, path) => {
  const m = new Members(value, path);
  const inode = {
    uid: m.get("uid", readU32),
    gid: m.get("gid", readU32),
    mode: m.get("mode", readOctal),
    sMagic: m.get("s_magic", readMagic),
    ...(m.has("s_id") && { sId: m.get("s_id", readSId) }),
    ...(m.has("s_uuid") && { sUuid: m.get("s_uuid", readBytes16) }),
  };
  m.end();
  return inode;
};

const readDevice: Reader<DeviceId> = (value, path) => {
  const m = new Members(value, path);
  const device = { major: m.get("major", readU32), minor: m.get("minor", readU32) };
  m.end();
  return device;
};

const readPath: Reader<PathId> = (value, path) => {
  const m = new Members(value, path);
  const result = {
    ...(m.has("dev") && { dev: m.get("dev", readDevice) }),
    ...(m.has("owner") && { owner: m.get("owner", readDigest) }),
    ...(m.has("instance") && { instance: m.get("instance", readU64) }),
    ...(m.has("created") && { created: m.get("created", readText) }),
    ...(m.has("type") && { type: m.get("type", readText) }),
    pathname: m.get("pathname", readText),
  };
  m.end();
  checkCreated(result, path);
  return result;
};

/** `owner` stands with exactly one of `instance` and `created`, and then the name must have a directory. */
function checkCreated(p: PathId, path: string): void {
  const forms = (p.instance === undefined ? 0 : 1) + (p.created === undefined ? 0 : 1);
  if (p.owner === undefined && forms === 0) return;
  if (p.owner === undefined || forms !== 1) {
    throw memberError(path, "must have owner and one of instance and created, or none of them");
  }
  if (!p.pathname.includes("/"))
    throw memberError(path, "is of a created object but names no directory");
}

const readDentry: Reader<DentryId> = (value, path) => {
  const m = new Members(value, path);
  const dentry = {
    ...(m.has("inode") && { inode: m.get("inode", readInode) }),
    path: m.get("path", readPath),
  };
  m.end();
  return dentry;
};

const readFile: Reader<FileId> = (value, path) => {
  const m = new Members(value, path);
  const file = {
    flags: m.get("flags", readU32),
    inode: m.get("inode", readInode),
    path: m.get("path", readPath),
    digest: m.get("digest", readDigest),
  };
  m.end();
  return file;
};

const readSock: Reader<SockId> = (value, path) => {
  const m = new Members(value, path);
  const sock = {
    family: m.get("family", readU32),
    type: m.get("type", readU32),
    protocol: m.get("protocol", readI32),
    ...(m.has("owner") && { owner: m.get("owner", readDigest) }),
  };
  m.end();
  return sock;
};

const readPort: Reader<number> = unsigned(0xffff);

const FAMILIES: Readonly<Record<string, (m: Members) => SockAddr>> = {
  af_inet: (m) => ({
    family: "inet",
    port: m.get("port", readPort),
    address: m.get("address", readU32),
  }),
  af_inet6: (m) => ({
    family: "inet6",
    port: m.get("port", readPort),
    ...(m.has("flow") && { flow: m.get("flow", readU32) }),
    ...(m.has("scope") && { scope: m.get("scope", readU32) }),
    address: m.get("address", readBytes16),
  }),
  af_unix: (m) => ({ family: "unix", address: m.get("address", readText) }),
  af_other: (m) => ({ family: "other", digest: m.get("address", readDigest) }),
};

const readAddr: Reader<SockAddr> = (value, path) => {
  const outer = new Members(value, path);
  for (const [name, read] of Object.entries(FAMILIES)) {
    if (!outer.has(name)) continue;
    const inner = outer.get(name, (v, at) => new Members(v, at));
    const addr = read(inner);
    inner.end();
    outer.end();
    return addr;
  }
  throw memberError(path, "has none of af_inet, af_inet6, af_unix, af_other");
};

const readAttr: Reader<InodeSetattrCell["attr"]> = (value, path) => {
  const m = new Members(value, path);
  const attr = {
    valid: m.get("valid", readU32),
    mode: m.get("mode", readOctal),
    uid: m.get("uid", readU32),
    gid: m.get("gid", readU32),
    size: m.get("size", readU64),
  };
  m.end();
  return attr;
};

/** The reader of each kind of the layout table. */
export const READ: { readonly [K in FieldKind]: Reader<KindValue[K]> } = {
  u16: readPort,
  u32: readU32,
  i32: readI32,
  mode: (value, path) => readOctalUpTo(0xffff, value, path),
  u64: readU64,
  mask: readMask,
  text: readText,
  base64: (value, path) => matching(value, path, BASE64, "base64"),
  task: readDigest,
  file: readFile,
  inode: readInode,
  path: readPath,
  dentry: readDentry,
  sock: readSock,
  addr: readAddr,
  device: readDevice,
  attr: readAttr,
  u32s: listOf(readU32),
  u64s: listOf(readU64),
};
