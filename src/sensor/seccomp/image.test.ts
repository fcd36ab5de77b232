// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import fc from "fast-check";
import { type ExecImage, readImage } from "./image.ts";

const folder = mkdtempSync(join(tmpdir(), "galgo-image-"));
after(() => rmSync(folder, { recursive: true, force: true }));

function imageOf(content: string | Uint8Array): ExecImage {
  const file = join(folder, "program");
  writeFileSync(file, typeof content === "string" ? Buffer.from(content, "latin1") : content);
  const fd = openSync(file, "r");
  try {
    return readImage(fd);
  } finally {
    closeSync(fd);
  }
}

const script = (interpreter: string): ExecImage => ({
  kind: "script",
  interpreter: Buffer.from(`${interpreter}\0`, "latin1"),
});
const OTHER: ExecImage = { kind: "other" };

test("scripts", () => {
  const cases: readonly (readonly [string, ExecImage])[] = [
    ["#!/bin/sh\n", script("/bin/sh")],
    ["#! /bin/sh\n", script("/bin/sh")],
    ["#! \t /bin/sh\t-e \n", script("/bin/sh")],
    ["#!/bin/sh -e -x\nrest", script("/bin/sh")],
    ["#!/bin/sh   \n", script("/bin/sh")],
    ["#!sh\n", script("sh")],
    ["#!/bin/sh", script("/bin/sh")],
    ["#!/bin/sh\r\n", script("/bin/sh\r")],
    ["#!/bin/sh\v\n", script("/bin/sh\v")],
    ["#!/bin/sh\0x\n", script("/bin/sh")],
    ["#!/b\u00e4r\n", script("/b\u00e4r")],
    ["#!\n", OTHER],
    ["#!   \n", OTHER],
    ["#! \t\n/bin/sh\n", OTHER],
    ["#!", OTHER],
    ["#", OTHER],
    ["", OTHER],
    [" #!/bin/sh\n", OTHER],
    ["plain text\n", OTHER],
  ];
  for (const [content, expected] of cases) {
    assert.deepEqual(imageOf(content), expected, JSON.stringify(content));
  }
});

test("the first line is looked at for 256 bytes", () => {
  const name = (length: number): string => `/${"i".repeat(length - 1)}`;
  assert.deepEqual(imageOf(`#!${name(253)}\n`), script(name(253)));
  assert.deepEqual(imageOf(`#!${name(254)}\n`), OTHER);
  assert.deepEqual(imageOf(`#!${name(300)}\n`), OTHER);
  assert.deepEqual(imageOf(`#!${name(252)} `), script(name(252)));
  // an argument may be cut, a name may not
  assert.deepEqual(imageOf(`#!/bin/sh ${"a".repeat(400)}\n`), script("/bin/sh"));
  assert.deepEqual(imageOf(`#!${" ".repeat(300)}/bin/sh\n`), OTHER);
  assert.deepEqual(imageOf(`#!${" ".repeat(252)}x\n`), script("x"));
});

interface ElfOptions {
  readonly bits?: 32 | 64;
  readonly entrySize?: number;
  readonly count?: number;
  readonly offset?: bigint;
  /** Index of the PT_INTERP header; undefined: none. */
  readonly interpAt?: number;
  readonly interp?: string;
  readonly interpSize?: bigint;
  readonly interpOffset?: bigint;
}

/** Where members are in the two classes. */
const CLASSES = {
  64: { tag: 2, head: 64, entry: 56, table: 32, entrySize: 54, count: 56, offset: 8, size: 32 },
  32: { tag: 1, head: 52, entry: 32, table: 28, entrySize: 42, count: 44, offset: 4, size: 16 },
} as const;

/** An ELF file of headers only. */
function elf(options: ElfOptions = {}): Buffer {
  const { bits = 64, count = 3, interp = "/lib/ld.so\0", interpAt } = options;
  const at = CLASSES[bits];
  const textAt = at.head + Math.min(count, 1200) * at.entry;
  const file = Buffer.alloc(textAt + interp.length);
  const word = (where: number, value: bigint): void => {
    if (bits === 64) file.writeBigUInt64LE(BigInt.asUintN(64, value), where);
    else file.writeUInt32LE(Number(BigInt.asUintN(32, value)), where);
  };
  file.write("\x7fELF", 0, "latin1");
  file[4] = at.tag;
  file[5] = 1;
  word(at.table, options.offset ?? BigInt(at.head));
  file.writeUInt16LE(options.entrySize ?? at.entry, at.entrySize);
  file.writeUInt16LE(count, at.count);
  if (interpAt === undefined) return file;
  const header = at.head + interpAt * at.entry;
  file.writeUInt32LE(3, header);
  word(header + at.offset, options.interpOffset ?? BigInt(textAt));
  word(header + at.size, options.interpSize ?? BigInt(interp.length));
  file.write(interp, textAt, "latin1");
  return file;
}

const dynamic = (loader: string): ExecImage => ({
  kind: "elf",
  loader: Buffer.from(`${loader}\0`, "latin1"),
});
const STATIC: ExecImage = { kind: "elf", loader: undefined };

for (const bits of [32, 64] as const) {
  test(`ELF programs of ${bits} bits`, () => {
    assert.deepEqual(imageOf(elf({ bits })), STATIC);
    assert.deepEqual(imageOf(elf({ bits, interpAt: 0 })), dynamic("/lib/ld.so"));
    assert.deepEqual(imageOf(elf({ bits, interpAt: 2 })), dynamic("/lib/ld.so"));
  });

  test(`a loader behind many headers is found (${bits} bits)`, () => {
    assert.deepEqual(imageOf(elf({ bits, count: 900, interpAt: 899 })), dynamic("/lib/ld.so"));
  });

  test(`hostile headers (${bits} bits)`, () => {
    const most = bits === 64 ? 65_536 / 56 : 65_536 / 32;
    const cases: readonly ElfOptions[] = [
      { count: 0xffff },
      { count: Math.floor(most) + 1 },
      { count: 0 },
      { entrySize: 0 },
      { entrySize: 57 },
      { offset: (1n << 64n) - 1n },
      { offset: bits === 64 ? 1n << 62n : 1n << 31n },
      { offset: 0xfffffff0n },
      { interpAt: 0, interpOffset: (1n << 64n) - 8n },
      { interpAt: 0, interpOffset: 0xfffffff0n },
      { interpAt: 0, interpSize: (1n << 64n) - 1n },
      { interpAt: 0, interpSize: 4097n },
      { interpAt: 0, interpSize: 1n },
      { interpAt: 0, interpSize: 0n },
      { interpAt: 0, interp: "no end" },
    ];
    for (const options of cases) assert.deepEqual(imageOf(elf({ bits, ...options })), OTHER);
  });
}

test("a loader's name ends at its first NUL", () => {
  assert.deepEqual(imageOf(elf({ interpAt: 0, interp: "/a\0/b\0" })), dynamic("/a"));
  assert.deepEqual(imageOf(elf({ interpAt: 0, interp: "\0\0" })), dynamic(""));
});

test("truncated ELF files are none", () => {
  const whole = elf({ interpAt: 1 });
  for (const size of [4, 5, 16, 51, 63, 64, 100, 200]) {
    assert.deepEqual(imageOf(whole.subarray(0, size)), OTHER, `${size} bytes`);
  }
  assert.deepEqual(imageOf(whole.subarray(0, whole.length - 1)), OTHER);
});

test("other classes and byte orders are none", () => {
  const file = elf();
  assert.deepEqual(imageOf(Buffer.from(file).fill(3, 4, 5)), OTHER);
  assert.deepEqual(imageOf(Buffer.from(file).fill(2, 5, 6)), OTHER);
});

test("a folder can not be read", () => {
  const fd = openSync(folder, "r");
  try {
    assert.deepEqual(readImage(fd), { kind: "unreadable" });
  } finally {
    closeSync(fd);
  }
});

test("no content makes it fail", () => {
  const magic = fc.constantFrom("", "#!", "\x7fELF\x02\x01", "\x7fELF\x01\x01");
  fc.assert(
    fc.property(magic, fc.uint8Array({ maxLength: 400 }), (start, rest) => {
      const image = imageOf(Buffer.concat([Buffer.from(start, "latin1"), rest]));
      if (image.kind === "script")
        assert.equal(image.interpreter.indexOf(0), image.interpreter.length - 1);
    }),
    { numRuns: 300 },
  );
});

test("this Node is a program", () => {
  const fd = openSync(process.execPath, "r");
  try {
    assert.equal(readImage(fd).kind, "elf");
  } finally {
    closeSync(fd);
  }
});
