// SPDX-License-Identifier: Apache-2.0
// Reads what scripts/gen-bpf-layout.ts needs of a built BPF object: sections and functions of the ELF file (64 bits, little
// endian), and the structs and enums of its BTF (Documentation/bpf/btf.rst of the kernel).

/** A member of a struct: where it is and how many bytes it takes. */
export interface BtfMember {
  readonly name: string;
  readonly offset: number;
  readonly bytes: number;
}

export interface BtfStruct {
  readonly bytes: number;
  readonly members: readonly BtfMember[];
}

/** A function and the section that holds it, e.g. "lsm.s/file_open". */
export interface BpfFunction {
  readonly name: string;
  readonly section: string;
}

export interface BpfObjectFacts {
  readonly structs: ReadonlyMap<string, BtfStruct>;
  /** Members of an enum in the order of the source. */
  readonly enums: ReadonlyMap<string, readonly (readonly [string, number])[]>;
  readonly functions: readonly BpfFunction[];
}

interface Section {
  readonly name: string;
  readonly type: number;
  readonly link: number;
  readonly content: Buffer;
}

const SHT_SYMTAB = 2;
const SHT_NOBITS = 8;
const SECTION_HEADER_BYTES = 64;
const SYMBOL_BYTES = 24;
const STT_FUNC = 2;
const BTF_MAGIC = 0xeb9f;

/** @throws Error when `elf` is no BPF object with type information */
export function readBpfObject(elf: Buffer): BpfObjectFacts {
  if (elf.readUInt32BE(0) !== 0x7f454c46 || elf.readUInt8(4) !== 2 || elf.readUInt8(5) !== 1)
    throw new Error("not an ELF file of 64 bits, little endian");
  const sections = readSections(elf);
  const btf = sections.find((section) => section.name === ".BTF");
  if (btf === undefined) throw new Error("the object has no .BTF section");
  return { ...readTypes(btf.content), functions: readFunctions(sections) };
}

function textAt(table: Buffer, offset: number): string {
  return table.toString("utf8", offset, table.indexOf(0, offset));
}

function readSections(elf: Buffer): readonly Section[] {
  const start = Number(elf.readBigUInt64LE(40));
  const count = elf.readUInt16LE(60);
  const namesIndex = elf.readUInt16LE(62);
  const header = (index: number): Buffer =>
    elf.subarray(start + index * SECTION_HEADER_BYTES, start + (index + 1) * SECTION_HEADER_BYTES);
  const contentOf = (head: Buffer): Buffer => {
    if (head.readUInt32LE(4) === SHT_NOBITS) return Buffer.alloc(0);
    const offset = Number(head.readBigUInt64LE(24));
    return elf.subarray(offset, offset + Number(head.readBigUInt64LE(32)));
  };
  const names = contentOf(header(namesIndex));
  return Array.from({ length: count }, (_, index) => {
    const head = header(index);
    return {
      name: textAt(names, head.readUInt32LE(0)),
      type: head.readUInt32LE(4),
      link: head.readUInt32LE(40),
      content: contentOf(head),
    };
  });
}

function readFunctions(sections: readonly Section[]): readonly BpfFunction[] {
  const symbols = sections.find((section) => section.type === SHT_SYMTAB);
  const names = symbols === undefined ? undefined : sections[symbols.link]?.content;
  if (symbols === undefined || names === undefined) throw new Error("the object has no symbols");
  const found: BpfFunction[] = [];
  for (let at = 0; at < symbols.content.length; at += SYMBOL_BYTES) {
    if ((symbols.content.readUInt8(at + 4) & 0xf) !== STT_FUNC) continue;
    const section = sections[symbols.content.readUInt16LE(at + 6)]?.name ?? "";
    found.push({ name: textAt(names, symbols.content.readUInt32LE(at)), section });
  }
  return found;
}

/** A type as it stands in the section; `at` is behind its common part. */
interface RawType {
  readonly name: string;
  readonly kind: number;
  readonly count: number;
  readonly bitfields: boolean;
  /** Size, or the type that it refers to. */
  readonly size: number;
  readonly at: number;
}

const KIND = { INT: 1, PTR: 2, ARRAY: 3, STRUCT: 4, UNION: 5, ENUM: 6, ENUM64: 19 } as const;
/** typedef, volatile, const, restrict, type tag: something about another type. */
const ABOUT_ANOTHER: ReadonlySet<number> = new Set([8, 9, 10, 11, 18]);

/** Bytes behind the common part, by kind: fixed ones, and ones for each member. */
const BEHIND: ReadonlyMap<number, readonly [number, number]> = new Map([
  [KIND.INT, [4, 0]],
  [KIND.ARRAY, [12, 0]],
  [KIND.STRUCT, [0, 12]],
  [KIND.UNION, [0, 12]],
  [KIND.ENUM, [0, 8]],
  [13, [0, 8]], // prototype of a function
  [14, [4, 0]], // variable
  [15, [0, 12]], // section of data
  [17, [4, 0]], // tag of a declaration
  [KIND.ENUM64, [0, 12]],
]);

function readTypes(btf: Buffer): Pick<BpfObjectFacts, "structs" | "enums"> {
  if (btf.readUInt16LE(0) !== BTF_MAGIC) throw new Error("the type information has another format");
  const body = btf.subarray(btf.readUInt32LE(4));
  const types = body.subarray(btf.readUInt32LE(8), btf.readUInt32LE(8) + btf.readUInt32LE(12));
  const names = body.subarray(btf.readUInt32LE(16), btf.readUInt32LE(16) + btf.readUInt32LE(20));
  const raw = rawTypes(types, names);
  const structs = new Map<string, BtfStruct>();
  const enums = new Map<string, readonly (readonly [string, number])[]>();
  for (const type of raw) {
    // with bit fields: a struct of the kernel's, none of the wire
    if (type.kind === KIND.STRUCT && type.name !== "" && !type.bitfields)
      structs.set(type.name, structOf(type, types, names, raw));
    if (type.kind === KIND.ENUM && type.name !== "")
      enums.set(type.name, enumOf(type, types, names));
  }
  return { structs, enums };
}

function rawTypes(types: Buffer, names: Buffer): readonly RawType[] {
  const nothing = { name: "", kind: 0, count: 0, bitfields: false, size: 0, at: 0 };
  const raw: RawType[] = [nothing];
  for (let at = 0; at < types.length; ) {
    const info = types.readUInt32LE(at + 4);
    const kind = (info >>> 24) & 0x1f;
    const count = info & 0xffff;
    raw.push({
      name: textAt(names, types.readUInt32LE(at)),
      kind,
      count,
      bitfields: info >>> 31 === 1,
      size: types.readUInt32LE(at + 8),
      at: at + 12,
    });
    const [fixed, each] = BEHIND.get(kind) ?? [0, 0];
    at += 12 + fixed + each * count;
  }
  return raw;
}

function structOf(type: RawType, types: Buffer, names: Buffer, raw: readonly RawType[]): BtfStruct {
  const members = Array.from({ length: type.count }, (_, index) => {
    const at = type.at + 12 * index;
    const bits = types.readUInt32LE(at + 8);
    const name = textAt(names, types.readUInt32LE(at));
    return { name, offset: bits / 8, bytes: bytesOf(types.readUInt32LE(at + 4), types, raw) };
  });
  return { bytes: type.size, members };
}

function bytesOf(id: number, types: Buffer, raw: readonly RawType[]): number {
  const type = raw[id];
  if (type === undefined) throw new Error(`the type information refers to type ${id}`);
  if (ABOUT_ANOTHER.has(type.kind)) return bytesOf(type.size, types, raw);
  if (type.kind === KIND.PTR) return 8;
  if (type.kind !== KIND.ARRAY) return type.size;
  return types.readUInt32LE(type.at + 8) * bytesOf(types.readUInt32LE(type.at), types, raw);
}

function enumOf(
  type: RawType,
  types: Buffer,
  names: Buffer,
): readonly (readonly [string, number])[] {
  return Array.from({ length: type.count }, (_, index) => {
    const at = type.at + 8 * index;
    return [textAt(names, types.readUInt32LE(at)), types.readUInt32LE(at + 4)] as const;
  });
}
