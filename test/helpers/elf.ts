// SPDX-License-Identifier: Apache-2.0
// Sizes of an ELF file as a loader sees them.
import { readFileSync } from "node:fs";

const PT_LOAD = 1;

/** Bytes of an ELF file's loaded segments: those in the file, and those that are zeros besides. Both classes, little-endian. */
export function elfSizes(file: string): { readonly inFile: number; readonly zeroed: number } {
  const elf = readFileSync(file);
  const wide = elf[4] === 2;
  const table = wide ? Number(elf.readBigUInt64LE(32)) : elf.readUInt32LE(28);
  const size = elf.readUInt16LE(wide ? 54 : 42);
  const word = (at: number): number =>
    wide ? Number(elf.readBigUInt64LE(at)) : elf.readUInt32LE(at);
  let inFile = 0;
  let inMemory = 0;
  for (let i = 0; i < elf.readUInt16LE(wide ? 56 : 44); i++) {
    const header = table + i * size;
    if (elf.readUInt32LE(header) !== PT_LOAD) continue;
    inFile += word(header + (wide ? 32 : 16));
    inMemory += word(header + (wide ? 40 : 20));
  }
  return { inFile, zeroed: inMemory - inFile };
}
