// SPDX-License-Identifier: Apache-2.0
// What kind of program a file is: a script with its interpreter, or an ELF program with its loader.
// Follows fs/binfmt_script.c and fs/binfmt_elf.c.
import { sys } from "../../native/syscalls.ffi.ts";

/** BINPRM_BUF_SIZE: the kernel looks no further for a #! line. */
const HEAD_SIZE = 256;
const PT_INTERP = 3;
const MAX_HEADERS = 64;
const PATH_MAX = 4096;

export type ExecImage =
  | { readonly kind: "script"; readonly interpreter: Buffer }
  | { readonly kind: "elf"; readonly loader: Buffer | undefined }
  /** Neither: the kernel refuses it, or hands it to a registered handler (binfmt_misc). */
  | { readonly kind: "other" }
  | { readonly kind: "unreadable" };

const head = Buffer.alloc(HEAD_SIZE);

/** Looks at an open file. Buffers in the result end with a NUL. */
export function readImage(fd: number): ExecImage {
  const size = sys().pread(fd, head, HEAD_SIZE, 0);
  if (size < 0) return { kind: "unreadable" };
  if (size >= 2 && head[0] === 0x23 && head[1] === 0x21) return script(size);
  if (size >= 64 && head.readUInt32BE(0) === 0x7f454c46) return elf(fd);
  return { kind: "other" };
}

function script(size: number): ExecImage {
  const line = head.toString("latin1", 2, size).split("\n", 1)[0] ?? "";
  const interpreter = line.trim().split(/[ \t\0]/, 1)[0] ?? "";
  if (interpreter === "") return { kind: "other" };
  return { kind: "script", interpreter: Buffer.from(`${interpreter}\0`, "latin1") };
}

/** ELF64, little endian: e_phoff@32, e_phentsize@54, e_phnum@56; program header: type@0, offset@8, filesz@32. */
function elf(fd: number): ExecImage {
  if (head[4] !== 2 || head[5] !== 1) return { kind: "other" };
  const offset = Number(head.readBigUInt64LE(32));
  const entry = head.readUInt16LE(54);
  const count = Math.min(head.readUInt16LE(56), MAX_HEADERS);
  if (entry < 56) return { kind: "other" };
  const headers = Buffer.alloc(entry * count);
  if (sys().pread(fd, headers, headers.length, offset) !== headers.length) return { kind: "other" };
  for (let i = 0; i < count; i++) {
    if (headers.readUInt32LE(i * entry) === PT_INTERP) {
      return loaderOf(fd, headers.subarray(i * entry, (i + 1) * entry));
    }
  }
  return { kind: "elf", loader: undefined };
}

function loaderOf(fd: number, header: Buffer): ExecImage {
  const size = Number(header.readBigUInt64LE(32));
  if (size < 2 || size > PATH_MAX) return { kind: "other" };
  const loader = Buffer.alloc(size);
  const got = sys().pread(fd, loader, size, Number(header.readBigUInt64LE(8)));
  return got === size && loader[size - 1] === 0 ? { kind: "elf", loader } : { kind: "other" };
}
