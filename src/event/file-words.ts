// SPDX-License-Identifier: Apache-2.0
// What is done to files, in words.
import { quote } from "../base/quote.ts";
import type {
  DentryId,
  FileCells,
  FileCommandCell,
  FileId,
  MmapCell,
  PathId,
} from "./cell/file.ts";
import type { InodeCells, InodeMknodCell, InodeSetattrCell } from "./cell/inode.ts";
import { FCNTL_COMMANDS, IOCTLS, LOCKS, nameOf } from "./names-table.ts";
import type { WordsOf } from "./program-names.ts";

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

const modeWords = (mode: number): string => `0${(mode & 0o7777).toString(8)}`;

/** An open, or the start of a program. */
function openWords(file: FileId): string {
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
function mapWords({ file, prot, flags }: MmapCell): string {
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
function specialWords({ dentry, mode, dev }: InodeMknodCell): string {
  const kind = KINDS.get(mode & S_IFMT) ?? "file";
  const number = kind.endsWith("device") ? ` (${dev.major}:${dev.minor})` : "";
  return `makes ${kind} ${dentryWords(dentry)}${number}`;
}

/** A change of mode, owner, size or times. */
function attributeWords({ dentry, attr }: InodeSetattrCell): string {
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

function ioctlWords({ file, cmd }: FileCommandCell): string {
  return `controls ${pathWords(file.path)} (${nameOf(IOCTLS, cmd, 16)})`;
}

function lockWords({ file, cmd }: FileCommandCell): string {
  const words = LOCKS.get(cmd);
  const name = pathWords(file.path);
  return words === undefined ? `locks ${name} (command ${cmd})` : words.replace("*", () => name);
}

/** What is done to open files. */
export const FILE_WORDS: WordsOf<FileCells> = {
  file_open: (e) => openWords(e.cell.file),
  file_receive: ({ cell: { file } }) =>
    `receives ${pathWords(file.path)}, open ${ACCESS[file.flags & 3] ?? ""}`,
  file_ioctl: (e) => ioctlWords(e.cell),
  file_ioctl_compat: (e) => `${ioctlWords(e.cell)} as a 32-bit program`,
  file_lock: (e) => lockWords(e.cell),
  file_fcntl: ({ cell }) =>
    `uses fcntl on ${pathWords(cell.file.path)} (${nameOf(FCNTL_COMMANDS, cell.cmd)})`,
  mmap_file: (e) => mapWords(e.cell),
  bprm_committed_creds: (e) => `becomes the program ${pathWords(e.cell.file.path)}`,
};

/** What is done to names, inodes and their attributes. */
export const INODE_WORDS: WordsOf<InodeCells> = {
  inode_create: ({ cell }) => `creates ${dentryWords(cell.dentry)} (mode ${modeWords(cell.mode)})`,
  inode_mkdir: (e) => `makes directory ${dentryWords(e.cell.dentry)}`,
  inode_unlink: (e) => `removes ${dentryWords(e.cell.dentry)}`,
  inode_rmdir: (e) => `removes directory ${dentryWords(e.cell.dentry)}`,
  inode_link: ({ cell }) =>
    `links ${dentryWords(cell.oldDentry)} as ${dentryWords(cell.newDentry)}`,
  inode_symlink: ({ cell }) =>
    `makes symbolic link ${dentryWords(cell.dentry)} to ${quote(cell.oldName)}`,
  inode_mknod: (e) => specialWords(e.cell),
  inode_rename: ({ cell }) =>
    `renames ${dentryWords(cell.oldDentry)} to ${dentryWords(cell.newDentry)}`,
  inode_setattr: (e) => attributeWords(e.cell),
  inode_getattr: (e) => `asks for the attributes of ${dentryWords(e.cell.dentry)}`,
  inode_setxattr: ({ cell }) => `sets attribute ${quote(cell.name)} of ${dentryWords(cell.dentry)}`,
  inode_getxattr: ({ cell }) =>
    `reads attribute ${quote(cell.name)} of ${dentryWords(cell.dentry)}`,
  inode_listxattr: (e) => `lists the extended attributes of ${dentryWords(e.cell.dentry)}`,
  inode_removexattr: ({ cell }) =>
    `removes attribute ${quote(cell.name)} of ${dentryWords(cell.dentry)}`,
  inode_killpriv: (e) =>
    `clears the set-user-id bit and capabilities of ${dentryWords(e.cell.dentry)}`,
};
