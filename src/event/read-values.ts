// SPDX-License-Identifier: Apache-2.0
// Checked readers of record members: scalars (all of them JSON strings) and the shared sub-objects, one for each kind of the layout table.
import { isHex } from "../base/hex.ts";
import { encodePath } from "../base/path-text.ts";
import { quote } from "../base/quote.ts";
import type { DentryId, DeviceId, FileId, InodeId, InodeSetattrCell, PathId } from "./cell/file.ts";
import type { SockAddr, SockId } from "./cell/socket.ts";
import type { FieldKind, KindValue } from "./layout.ts";
import { MAX_DIGEST_BYTES, MAX_LIST, MAX_S_ID_BYTES, MAX_TEXT_CHARS } from "./limits.ts";
import { Members, type Place, type Reader } from "./read-members.ts";
import { memberError, type RecordError } from "./record-error.ts";

const U32 = 0xffff_ffff;
const U64 = 0xffff_ffff_ffff_ffffn;
const DECIMAL = /^(?:0|[1-9][0-9]{0,19})$/;
const SIGNED = /^(?:0|-?[1-9][0-9]{0,9})$/;
const OCTAL = /^0[0-7]{1,11}$/;
const HEX_NUMBER = /^0x[0-9a-f]{1,16}$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const ZERO = 48;
const NINE = 57;

/** Drops `readonly`, while an object with optional members is made. */
type Draft<T> = { -readonly [M in keyof T]: T[M] };

export const readText: Reader<string> = (value, of, name) => {
  if (typeof value !== "string") throw memberError(of.at(name), "is not a string");
  if (value.length > MAX_TEXT_CHARS) {
    throw memberError(of.at(name), `is longer than ${MAX_TEXT_CHARS}`);
  }
  return value;
};

const wrong = (value: string, of: Place, name: string, what: string): RecordError =>
  memberError(of.at(name), `is not ${what}: ${quote(value, 40)}`);

const matching = (shape: RegExp, what: string): Reader<string> => {
  return (value, of, name) => {
    const text = readText(value, of, name);
    if (!shape.test(text)) throw wrong(text, of, name, what);
    return text;
  };
};

/** Value of plain decimal digits of at most 10 places, -1 for anything else. By hand: a record has about 25 of them. */
function decimalOf(text: string): number {
  const { length } = text;
  if (length === 0 || length > 10 || (length > 1 && text.charCodeAt(0) === ZERO)) return -1;
  let number = 0;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code < ZERO || code > NINE) return -1;
    number = number * 10 + code - ZERO;
  }
  return number;
}

const unsigned = (max: number): Reader<number> => {
  return (value, of, name) => {
    const text = readText(value, of, name);
    const number = decimalOf(text);
    if (number < 0) throw wrong(text, of, name, "a decimal number");
    if (number > max) throw memberError(of.at(name), `is larger than ${max}`);
    return number;
  };
};

const wide = (shape: RegExp, what: string): Reader<bigint> => {
  const read = matching(shape, what);
  return (value, of, name) => {
    const number = BigInt(read(value, of, name));
    if (number > U64) throw memberError(of.at(name), "is larger than 64 bits");
    return number;
  };
};

const listOf = <T>(read: Reader<T>): Reader<readonly T[]> => {
  return (value, of, name) => {
    if (!Array.isArray(value)) throw memberError(of.at(name), "is not a list");
    if (value.length > MAX_LIST) {
      throw memberError(of.at(name), `has more than ${MAX_LIST} items`);
    }
    return value.map((item, i) => read(item, of, `${name}.${i}`));
  };
};

export const readU32: Reader<number> = unsigned(U32);
export const readU64: Reader<bigint> = wide(DECIMAL, "a decimal number");
export const readMask: Reader<bigint> = wide(HEX_NUMBER, "a hex number");
const readSigned = matching(SIGNED, "a decimal number");
const readOctalText = matching(OCTAL, "an octal number");

const readI32: Reader<number> = (value, of, name) => {
  const number = Number(readSigned(value, of, name));
  if (number > U32 || number < -0x8000_0000) {
    throw memberError(of.at(name), "is outside 32 bits");
  }
  return number;
};

const octal = (max: number): Reader<number> => {
  return (value, of, name) => {
    const number = Number.parseInt(readOctalText(value, of, name), 8);
    if (number > max) throw memberError(of.at(name), `is larger than 0${max.toString(8)}`);
    return number;
  };
};

const readOctal = octal(U32);

const readMagic: Reader<number> = (value, of, name) => {
  const number = Number(readMask(value, of, name));
  if (number > U32) throw memberError(of.at(name), "is larger than 32 bits");
  return number;
};

export const readDigest: Reader<string> = (value, of, name) => {
  const text = readText(value, of, name);
  if (text === "" || text.length > MAX_DIGEST_BYTES * 2 || !isHex(text)) {
    throw wrong(text, of, name, "a digest in hex");
  }
  return text;
};

const readBytes16: Reader<string> = (value, of, name) => {
  const text = readText(value, of, name);
  if (!isHex(text, 16)) throw wrong(text, of, name, "32 hex digits");
  return text;
};

const readSId: Reader<string> = (value, of, name) => {
  const text = readText(value, of, name);
  // A name of at most a third of the bytes fits whatever its characters are.
  const fits = text.length * 3 <= MAX_S_ID_BYTES || encodePath(text).length <= MAX_S_ID_BYTES;
  if (!fits) throw memberError(of.at(name), `is longer than ${MAX_S_ID_BYTES} bytes`);
  return text;
};

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

const readPort: Reader<number> = unsigned(0xffff);

const readInet6 = (m: Members): SockAddr => {
  const addr: Draft<Extract<SockAddr, { readonly family: "inet6" }>> = {
    family: "inet6",
    port: m.get("port", readPort),
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
      port: m.get("port", readPort),
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

/** The reader of each kind of the layout table. */
export const READ: { readonly [K in FieldKind]: Reader<KindValue[K]> } = {
  u16: readPort,
  u32: readU32,
  i32: readI32,
  mode: octal(0xffff),
  u64: readU64,
  mask: readMask,
  text: readText,
  base64: matching(BASE64, "base64"),
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
