// SPDX-License-Identifier: Apache-2.0
// What kind of program a file is: a script with its interpreter, or an ELF program with its loader.
// Follows fs/binfmt_script.c and fs/binfmt_elf.c.
import { sys } from "../../native/syscalls.ffi.ts";

/** BINPRM_BUF_SIZE: the kernel looks no further for a #! line. */
const HEAD_SIZE = 256;
const PT_INTERP = 3;
/** The kernel takes no more bytes of program headers. */
const MAX_HEADERS_SIZE = 65_536;
const PATH_MAX = 4096;
const SPACE = 32;
const TAB = 9;
const NEWLINE = 10;

export type ExecImage =
  | { readonly kind: "script"; readonly interpreter: Buffer }
  | { readonly kind: "elf"; readonly loader: Buffer | undefined }
  /** Neither: the kernel refuses it, or hands it to a registered handler (binfmt_misc). */
  | { readonly kind: "other" }
  | { readonly kind: "unreadable" };

const OTHER: ExecImage = { kind: "other" };
const head = Buffer.alloc(HEAD_SIZE);

/** Looks at an open file. Buffers in the result end with their only NUL. */
export function readImage(fd: number): ExecImage {
  const size = sys().pread(fd, head, HEAD_SIZE, 0);
  if (size < 0) return { kind: "unreadable" };
  head.fill(0, size);
  if (head[0] === 0x23 && head[1] === 0x21) return script();
  if (size >= 52 && head.readUInt32BE(0) === 0x7f454c46) return elf(fd);
  return OTHER;
}

const isBlank = (byte: number | undefined): boolean => byte === SPACE || byte === TAB;

function script(): ExecImage {
  const newline = head.indexOf(NEWLINE);
  const limit = HEAD_SIZE - 1;
  let from = 2;
  while (from < limit && isBlank(head[from])) from++;
  let end = newline < 0 ? limit : newline;
  let to = from;
  while (to < end && head[to] !== 0 && !isBlank(head[to])) to++;
  // without a newline the name may go on behind what was read, unless something ends it
  if (newline < 0 && to === limit) return OTHER;
  while (end > 2 && isBlank(head[end - 1])) end--;
  if (from >= end || to === from) return OTHER;
  return { kind: "script", interpreter: terminated(head.subarray(from, to)) };
}

function terminated(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(1)]);
}

/** Where things are in the headers of one class of ELF files. */
interface Layout {
  readonly entry: number;
  readonly tableAt: number;
  readonly entrySizeAt: number;
  readonly countAt: number;
  readonly offsetAt: number;
  readonly sizeAt: number;
  readonly word: (from: Buffer, at: number) => number;
}

const CLASS_64: Layout = {
  entry: 56,
  tableAt: 32,
  entrySizeAt: 54,
  countAt: 56,
  offsetAt: 8,
  sizeAt: 32,
  word: (from, at) => Number(from.readBigUInt64LE(at)),
};

/** Run where the kernel has CONFIG_COMPAT. */
const CLASS_32: Layout = {
  entry: 32,
  tableAt: 28,
  entrySizeAt: 42,
  countAt: 44,
  offsetAt: 4,
  sizeAt: 16,
  word: (from, at) => from.readUInt32LE(at),
};

/** Little endian only, as both supported machines are. */
function elf(fd: number): ExecImage {
  const layout = head[4] === 2 ? CLASS_64 : head[4] === 1 ? CLASS_32 : undefined;
  if (layout === undefined || head[5] !== 1) return OTHER;
  const count = head.readUInt16LE(layout.countAt);
  const size = count * layout.entry;
  if (head.readUInt16LE(layout.entrySizeAt) !== layout.entry) return OTHER;
  if (count === 0 || size > MAX_HEADERS_SIZE) return OTHER;
  const headers = readExactly(fd, layout.word(head, layout.tableAt), size);
  if (headers === undefined) return OTHER;
  for (let at = 0; at < size; at += layout.entry) {
    if (headers.readUInt32LE(at) === PT_INTERP) return dynamic(fd, headers.subarray(at), layout);
  }
  return { kind: "elf", loader: undefined };
}

function dynamic(fd: number, header: Buffer, layout: Layout): ExecImage {
  const size = layout.word(header, layout.sizeAt);
  if (size < 2 || size > PATH_MAX) return OTHER;
  const text = readExactly(fd, layout.word(header, layout.offsetAt), size);
  if (text === undefined || text[size - 1] !== 0) return OTHER;
  return { kind: "elf", loader: text.subarray(0, text.indexOf(0) + 1) };
}

/** undefined when the file has not that many bytes there. */
function readExactly(fd: number, offset: number, size: number): Buffer | undefined {
  if (!Number.isSafeInteger(offset)) return undefined;
  const into = Buffer.alloc(size);
  return sys().pread(fd, into, size, offset) === size ? into : undefined;
}
