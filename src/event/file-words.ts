// SPDX-License-Identifier: Apache-2.0
// What is done to files, in words.
import { quote } from "../base/quote.ts";
import type {
  DentryId,
  FileId,
  InodeMknodCell,
  InodeSetattrCell,
  MmapCell,
  PathId,
} from "./cell/file.ts";

const FMODE_EXEC = 0x20;
const O_CREAT = 0o100;
const O_TRUNC = 0o1000;
const O_APPEND = 0o2000;
const O_PATH = 0o10000000;
const O_TMPFILE = 0o20000000;
const S_IFMT = 0o170000;
const S_IFDIR = 0o040000;
const PROT_WRITE = 2;
const PROT_EXEC = 4;
const MAP_SHARED = 1;
const ACCESS = ["for reading", "for writing", "for reading and writing", "without access"];
const KINDS: ReadonlyMap<number, string> = new Map([
  [0o010000, "pipe"],
  [0o020000, "character device"],
  [0o060000, "block device"],
  [0o140000, "socket"],
]);
/** Bits of an attribute change. */
const ATTR = { mode: 1, uid: 2, gid: 4, size: 8, times: 16 | 32 };

export const pathWords = (path: PathId): string => quote(path.pathname);

export const dentryWords = (dentry: DentryId): string => quote(dentry.path.pathname);

export const modeWords = (mode: number): string => `0${(mode & 0o7777).toString(8)}`;

/** An open, or the start of a program. */
export function openWords(file: FileId): string {
  const { flags } = file;
  const name = pathWords(file.path);
  if ((flags & FMODE_EXEC) !== 0) return `runs ${name}`;
  const what = (file.inode.mode & S_IFMT) === S_IFDIR ? `directory ${name}` : name;
  if ((flags & O_TMPFILE) !== 0) return `creates an unnamed file in ${name}`;
  if ((flags & O_PATH) !== 0) return `refers to ${what}`;
  const extras = [
    ...((flags & O_CREAT) === 0 ? [] : ["creating"]),
    ...((flags & O_TRUNC) === 0 ? [] : ["truncating"]),
    ...((flags & O_APPEND) === 0 ? [] : ["appending"]),
  ];
  const detail = extras.length === 0 ? "" : ` (${extras.join(", ")})`;
  return `opens ${what} ${ACCESS[flags & 3] ?? ""}${detail}`;
}

/** A mapping of a file or of anonymous memory. */
export function mapWords({ file, prot, flags }: MmapCell): string {
  const shared = file !== undefined && (flags & MAP_SHARED) !== 0 ? "shared " : "";
  return `maps ${memoryWords(file)} ${shared}${protectionWords(prot)}`;
}

/** A change of protection. */
export function protectWords(file: FileId | undefined, prot: number): string {
  return `makes ${file === undefined ? "" : "memory of "}${memoryWords(file)} ${protectionWords(prot)}`;
}

function memoryWords(file: FileId | undefined): string {
  return file === undefined ? "anonymous memory" : pathWords(file.path);
}

function protectionWords(prot: number): string {
  const exec = (prot & PROT_EXEC) !== 0;
  const write = (prot & PROT_WRITE) !== 0;
  if (exec) return write ? "writable and executable" : "executable";
  return write ? "writable" : "readable";
}

/** A special file that is made. */
export function specialWords({ dentry, mode, dev }: InodeMknodCell): string {
  const kind = KINDS.get(mode & S_IFMT) ?? "file";
  const number = kind.endsWith("device") ? ` (${dev.major}:${dev.minor})` : "";
  return `makes ${kind} ${dentryWords(dentry)}${number}`;
}

/** A change of mode, owner, size or times. */
export function attributeWords({ dentry, attr }: InodeSetattrCell): string {
  const name = dentryWords(dentry);
  const has = (bits: number): boolean => (attr.valid & bits) !== 0;
  const parts = [
    ...(has(ATTR.mode) ? [`mode ${modeWords(attr.mode)}`] : []),
    ...(has(ATTR.uid) ? [`owner ${attr.uid}`] : []),
    ...(has(ATTR.gid) ? [`group ${attr.gid}`] : []),
  ];
  if (has(ATTR.size)) {
    const size = `truncates ${name} to ${attr.size} bytes`;
    return parts.length === 0 ? size : `${size}, sets ${parts.join(", ")}`;
  }
  if (parts.length > 0) return `sets ${parts.join(", ")} of ${name}`;
  return has(ATTR.times) ? `changes times of ${name}` : `changes attributes of ${name}`;
}
