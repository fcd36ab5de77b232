// SPDX-License-Identifier: Apache-2.0
// Looks up one function in the kernel's BTF (Documentation/bpf/btf.rst); just enough to name a security hook to bpf(2).

const MAGIC = 0xeb9f;
const KIND_FUNC = 12;
/** Bytes after the common 12 by kind; a pair [fixed, per member]. Kinds that are not listed have none. */
const TRAILERS: Readonly<Record<number, readonly [number, number]>> = {
  1: [4, 0], // INT
  3: [12, 0], // ARRAY
  4: [0, 12], // STRUCT
  5: [0, 12], // UNION
  6: [0, 8], // ENUM
  13: [0, 8], // FUNC_PROTO
  14: [4, 0], // VAR
  15: [0, 12], // DATASEC
  17: [4, 0], // DECL_TAG
  19: [0, 12], // ENUM64
};

/** Type id of the function `name`, or undefined when there is none or the data is not BTF that we understand. */
export function findBtfFunction(btf: Buffer, name: string): number | undefined {
  if (btf.length < 24 || btf.readUInt16LE(0) !== MAGIC) return undefined;
  const headerSize = btf.readUInt32LE(4);
  const typesAt = headerSize + btf.readUInt32LE(8);
  const typesEnd = Math.min(btf.length, typesAt + btf.readUInt32LE(12));
  const stringsAt = headerSize + btf.readUInt32LE(16);
  const wanted = btf.indexOf(`\0${name}\0`, stringsAt, "latin1");
  if (wanted < 0) return undefined;
  const nameOffset = wanted + 1 - stringsAt;
  let id = 0;
  for (let at = typesAt; at + 12 <= typesEnd; ) {
    id += 1;
    const info = btf.readUInt32LE(at + 4);
    const kind = (info >>> 24) & 0x1f;
    if (kind === KIND_FUNC && btf.readUInt32LE(at) === nameOffset) return id;
    const [fixed, each] = TRAILERS[kind] ?? [0, 0];
    at += 12 + fixed + each * (info & 0xffff);
  }
  return undefined;
}
