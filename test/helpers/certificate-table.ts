// SPDX-License-Identifier: Apache-2.0
// The table of certificates that a host gives along with an SEV-SNP report.

const IDS = {
  vcek: "63da758d-e664-4564-adc5-f4b93be8accd",
  vlek: "a8074bc2-a25a-483e-aae6-39c045a0b8a1",
  ask: "4ab7b379-bbac-4fe4-a02f-05aef327c782",
  ark: "c0b406a4-a803-4952-9743-3fb6014cd0ae",
  other: "92f81bc3-5811-4d3d-97ff-d19f88dc67ea",
} as const;

export type TableEntry = readonly [id: keyof typeof IDS, bytes: Buffer];

/** Heads, a head of zeros, then what they point to. */
export function certificateTable(entries: readonly TableEntry[]): Buffer {
  let offset = 24 * (entries.length + 1);
  const heads = entries.map(([id, bytes]) => {
    const head = Buffer.alloc(24);
    Buffer.from(IDS[id].replaceAll("-", ""), "hex").copy(head);
    head.writeUInt32LE(offset, 16);
    head.writeUInt32LE(bytes.length, 20);
    offset += bytes.length;
    return head;
  });
  return Buffer.concat([...heads, Buffer.alloc(24), ...entries.map(([, bytes]) => bytes)]);
}
