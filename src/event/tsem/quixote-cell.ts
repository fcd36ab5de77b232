// SPDX-License-Identifier: Apache-2.0
// CELLs as the parser of Quixote reads them. It models seven hooks; what it ignores of the others is read where it is in a kernel's spelling.
import { encodePath } from "../../base/path-text.ts";
import type { DeviceId, FileId, InodeId, PathId } from "../cell/file.ts";
import type { SockAddr, SockId } from "../cell/socket.ts";
import type { Coe } from "../coe.ts";
import type { HookName } from "../event.ts";
import { MAX_S_ID_BYTES } from "../limits.ts";
import { memberError, RecordError } from "../record-error.ts";
import { MAX_UNIX_BYTES } from "./limits.ts";
import type { QuixoteObject } from "./quixote-object.ts";
import { type ScannedCell, scanCell } from "./scan-cell.ts";
import { Scanner, scanned } from "./scanner.ts";

type Draft<T> = { -readonly [M in keyof T]: T[M] };

const U16 = 0xffff;
const U32 = 0xffff_ffff;
const DIGEST_BYTES = 32;
const UUID_BYTES = 16;

/** The COE. */
export function quixoteCoe(o: QuixoteObject): Coe {
  return {
    uid: o.unsigned("uid", U32),
    euid: o.unsigned("euid", U32),
    suid: o.unsigned("suid", U32),
    gid: o.unsigned("gid", U32),
    egid: o.unsigned("egid", U32),
    sgid: o.unsigned("sgid", U32),
    fsuid: o.unsigned("fsuid", U32),
    fsgid: o.unsigned("fsgid", U32),
    capeff: o.wide("capeff"),
  };
}

/** Which year's Quixote reads. That of 2024 knows neither types nor creators of paths, and other names for members of task_kill. */
export type QuixoteYear = 2024 | 2025;

/** The CELL of a hook from the record; an object without members (see untold.ts) where Quixote needs none and none can be read. */
export function quixoteCell(record: QuixoteObject, hook: HookName, year: QuixoteYear): ScannedCell {
  if (hook === "bprm_committed_creds") return execCell(record, year);
  const read = MODELLED[hook];
  return read === undefined ? otherCell(record, hook) : { members: read(record.get(hook), year) };
}

type CellReader = (cell: QuixoteObject, year: QuixoteYear) => ScannedCell["members"];

const readFileCell: CellReader = (cell, year) => ({ file: fileOf(cell.get("file"), year) });

const readMapping: CellReader = (cell, year) => {
  const file = cell.find("file");
  const prot = cell.unsigned("prot", U32);
  const flags = cell.unsigned("flags", U32);
  return file === undefined ? { prot, flags } : { file: fileOf(file, year), prot, flags };
};

const readSocketCreate: CellReader = (cell) => ({
  family: cell.unsigned("family", U32),
  type: cell.unsigned("type", U32),
  protocol: cell.unsigned("protocol", U32),
  kern: cell.unsigned("kern", U32),
});

const readNamed: CellReader = (cell) => {
  const sock = sockOf(cell.get("sock"));
  return { sock, addr: addrOf(cell.get("addr"), sock.family, true) };
};

const readAccept: CellReader = (cell) => {
  const sock = sockOf(cell.get("sock"));
  return { sock, addr: addrOf(cell.get("addr"), sock.family, false) };
};

const readKill: CellReader = (cell, year) => ({
  target: cell.hex("target", DIGEST_BYTES),
  sig: cell.unsigned(year === 2024 ? "signal" : "sig", U32),
  crossNs: cell.unsigned(year === 2024 ? "cross" : "cross_ns", U32),
});

const MODELLED: { readonly [H in HookName]?: CellReader } = {
  file_open: readFileCell,
  mmap_file: readMapping,
  socket_create: readSocketCreate,
  socket_connect: readNamed,
  socket_bind: readNamed,
  socket_accept: readAccept,
  task_kill: readKill,
};

/** Hooks whose CELL Quixote maps. */
export function isModelled(hook: HookName): boolean {
  return MODELLED[hook] !== undefined;
}

function fileOf(o: QuixoteObject, year: QuixoteYear): FileId {
  const flags = o.unsigned("flags", U32);
  const inode = inodeOf(o.get("inode"));
  const path = pathOf(o.get("path"), year);
  return { flags, inode, path, digest: o.hex("digest", DIGEST_BYTES) };
}

function inodeOf(o: QuixoteObject): InodeId {
  const sId = o.string("s_id");
  if (encodePath(sId).length > MAX_S_ID_BYTES) {
    throw memberError("inode.s_id", `is longer than ${MAX_S_ID_BYTES} bytes`);
  }
  return {
    uid: o.unsigned("uid", U32),
    gid: o.unsigned("gid", U32),
    mode: o.unsigned("mode", U16),
    sMagic: o.unsigned("s_magic", U32),
    sId,
    sUuid: o.hex("s_uuid", UUID_BYTES),
  };
}

function pathOf(o: QuixoteObject, year: QuixoteYear): PathId {
  const dev = o.find("dev");
  const pathname = o.string("pathname");
  const path: Draft<PathId> = dev === undefined ? { pathname } : { dev: deviceOf(dev), pathname };
  if (year === 2024) return path;
  path.type = o.string("type");
  if (o.findText("instance") === undefined) return path;
  const instance = o.wide("instance");
  const owner = o.hex("owner", DIGEST_BYTES);
  // The first instance is 1; Quixote takes 0 for an object that was there before.
  if (instance === 0n) return path;
  if (!pathname.includes("/")) {
    throw memberError("path", "is of a created object but names no directory");
  }
  return { ...path, owner, instance };
}

function deviceOf(o: QuixoteObject): DeviceId {
  return { major: o.unsigned("major", U32), minor: o.unsigned("minor", U32) };
}

function sockOf(o: QuixoteObject): SockId {
  return {
    family: o.unsigned("family", U32),
    type: o.unsigned("type", U32),
    protocol: o.unsigned("protocol", U32),
    owner: o.hex("owner", DIGEST_BYTES),
  };
}

/** `named`: of connect and bind, where Quixote takes the port of inet, and flow and scope of inet6. It does not look at any other port. */
function addrOf(addr: QuixoteObject, family: number, named: boolean): SockAddr {
  switch (family) {
    case 1:
      return { family: "unix", address: unixAddress(addr.get("af_unix")) };
    case 2: {
      const o = addr.get("af_inet");
      return {
        family: "inet",
        port: named ? o.unsigned("port", U16) : ignoredPort(o),
        address: o.unsigned("address", U32),
      };
    }
    case 10:
      return inet6Of(addr.get("af_inet6"), named);
    default:
      return { family: "other", digest: addr.get("af_other").hex("address", DIGEST_BYTES) };
  }
}

function inet6Of(o: QuixoteObject, named: boolean): SockAddr {
  const address = o.hex("address", UUID_BYTES);
  if (!named) return { family: "inet6", port: ignoredPort(o), address };
  const flow = o.unsigned("flow", U32);
  const scope = o.unsigned("scope", U32);
  return { family: "inet6", port: ignoredPort(o), flow, scope, address };
}

/** A port that is not mapped, so that it may be anything; 0 where it is none. */
function ignoredPort(o: QuixoteObject): number {
  const text = o.findText("port") ?? "";
  const port = /^[0-9]{1,5}$/.test(text) ? Number(text) : 0;
  return port > U16 ? 0 : port;
}

function unixAddress(o: QuixoteObject): string {
  const address = o.string("address");
  if (encodePath(address).length > MAX_UNIX_BYTES) {
    throw memberError("af_unix.address", `is longer than ${MAX_UNIX_BYTES} bytes`);
  }
  return address;
}

/** The program of an exec is not mapped, but names a task: it is read as Quixote reads files where that can be done. */
function execCell(record: QuixoteObject, year: QuixoteYear): ScannedCell {
  const cell = otherCell(record, "bprm_committed_creds");
  const exec = record.find("bprm_committed_creds");
  if (cell.members["file"] !== undefined || exec === undefined) return cell;
  try {
    return { members: readFileCell(exec, year) };
  } catch (error) {
    if (error instanceof RecordError) return cell;
    throw error;
  }
}

const scanner = new Scanner();

/** Quixote maps the name of such a hook only: whatever stands in its CELL, it is the same behaviour. */
function otherCell(record: QuixoteObject, hook: HookName): ScannedCell {
  const at = record.text.indexOf(`"${hook}": {`);
  if (at < 0) return { members: {} };
  scanner.start(record.text);
  scanner.pos = at + hook.length + 4;
  return scanned(scanner, (s) => scanCell(s, hook)) ?? { members: {} };
}
