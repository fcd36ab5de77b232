// SPDX-License-Identifier: Apache-2.0
// What nobody meant to write: names that look like members, broken lines, noise, lines that are expensive to look at.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { anyEventOf } from "../../../test/helpers/any-event.ts";
import {
  aLine,
  fileText,
  openLine,
  openLine2025,
  pathText,
  symlinkLine,
} from "../../../test/helpers/tsem-lines.ts";
import type { HookName, SecurityEvent } from "../event.ts";
import { HOOK_NAMES, HOOKS } from "../hooks.ts";
import { RecordError } from "../record-error.ts";
import { readKernelRecord, recordState } from "./kernel.ts";
import { joinedState } from "./lines.ts";
import { recordParts } from "./parts.ts";
import { readTsemRecord } from "./read.ts";
import { readings } from "./splits.ts";
import type { TsemDialect, TsemRecord } from "./tsem-record.ts";
import { eventTree, spell, type Tree, writeTsemRecord } from "./write.ts";

const DIALECTS: readonly TsemDialect[] = ["kernel", "quixote", "quixote-2024"];
/** All but the hook whose members nobody has described. */
const TSEM_HOOKS = HOOK_NAMES.filter(
  (hook) => HOOKS[hook].origin === "tsem" && hook !== "tun_dev_attach",
);

/** Everything that looks at lines looks at this one. Only a `RecordError` may come of it. */
function examine(line: string): void {
  for (const dialect of DIALECTS) {
    recordParts(line, dialect);
    try {
      readTsemRecord(line, { dialect });
    } catch (error) {
      assert.ok(error instanceof RecordError, String(error));
    }
  }
  recordState(line);
  joinedState([line, line]);
}

/** How a kernel writes an event: names as they are, except that where it names the root of a path it escapes quotes. */
function asKernel(event: SecurityEvent): string {
  const tree = JSON.parse(
    JSON.stringify({ export: { type: "event" }, ...eventTree(event) }),
  ) as Tree;
  escapeNames(tree);
  return spell(tree, (text) => text).replace(/("ptrace_access_check": \{"child": "\w*",)/, "$1 ");
}

function escapeNames(tree: Tree): void {
  const { pathname, type } = tree;
  if (typeof pathname === "string" && type !== undefined) {
    (tree as { pathname: string }).pathname = pathname.replaceAll('"', '\\"');
  }
  for (const member of Object.values(tree)) {
    if (typeof member === "object" && !Array.isArray(member)) escapeNames(member as Tree);
  }
}

/** Names that are made of what stands between members. */
const member = fc.constantFrom(
  ...'"|", "|"}, "|"}}, "|": "|": {"|\\|{|}|/|x|pathname|digest|old_name|type|root|s_uuid|"}}, "old_name": "|"}, "type": "'.split(
    "|",
  ),
);
const memberText = fc.array(member, { maxLength: 8 }).map((parts) => parts.join(""));

const CHOSEN = new Set(["address", "oldName", "name", "kmodName", "fstype", "devName"]);
const isChosen = (key: string, value: string): boolean =>
  CHOSEN.has(key) && !/^[0-9a-f]{32,}$/.test(value);

const isObject = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A copy of an object; a kernel leaves nothing out of an inode. */
function mapMembers(object: object, map: (value: unknown, key: string) => unknown): object {
  const whole = "sMagic" in object ? { ...object, sId: "", sUuid: "1f".repeat(16) } : object;
  return Object.fromEntries(Object.entries(whole).map(([key, value]) => [key, map(value, key)]));
}

/** The event with the given texts in place of all that a workload may choose. */
function renamed(event: SecurityEvent, texts: readonly string[], comm: string): SecurityEvent {
  let next = 0;
  const name = (): string => texts[next++ % texts.length] ?? "";
  const walk = (value: unknown, key: string): unknown => {
    if (key === "pathname") return `/${name()}`;
    if (key === "sId") return name().slice(0, 15);
    if (typeof value === "string") return isChosen(key, value) ? name() : value;
    return isObject(value) ? mapMembers(value, walk) : value;
  };
  const cell = walk(event.cell, "cell");
  return { ...event, process: comm.slice(0, 15), cell } as SecurityEvent;
}

/** An event that a kernel could tell: nothing in it is our own. */
function ofKernel(event: SecurityEvent): boolean {
  return !/"created"|"temporary"/.test(
    JSON.stringify(event.cell, (_, value: unknown) => (typeof value === "bigint" ? 0 : value)),
  );
}

function anyOf(hook: HookName): fc.Arbitrary<SecurityEvent> {
  return fc
    .tuple(
      anyEventOf(hook).filter(ofKernel),
      fc.array(memberText, { minLength: 1, maxLength: 3 }),
      memberText,
    )
    .map(([event, texts, comm]) => renamed(event, texts, comm));
}

describe("names of a hostile workload", () => {
  for (const hook of TSEM_HOOKS) {
    it(`in ${hook} are read as they are, or the record is refused`, () => {
      fc.assert(
        fc.property(anyOf(hook), (event) => {
          const line = asKernel(event);
          let record: TsemRecord;
          try {
            record = readTsemRecord(line);
          } catch (error) {
            assert.ok(error instanceof RecordError, String(error));
            assert.equal(error.code, "AMBIGUOUS", `${error.message}\n${line}`);
            return;
          }
          assert.deepEqual(record, { kind: "event", event }, line);
        }),
        { numRuns: 15 },
      );
    });
  }
});

const REAL = [
  openLine("/usr/bin/bash"),
  openLine('/a"b'),
  openLine2025('/a\\"b'),
  symlinkLine("/a", "b"),
  openLine("/x", { kind: "" }),
  aLine("mmap_file", `{"file": ${fileText(pathText("/x"))}, "prot": "1", "flags": "2"}`),
  '{"export": {"type": "aggregate"}, "aggregate": {"value": "00"}}',
  '{"export": {"type": "log"}, "log": {"process": "bash", "event": "capable", "action": "DENY"}}',
  JSON.stringify(JSON.parse(openLine("/x"))),
];

/** A line with a few places changed. */
const mutant = fc
  .tuple(
    fc.constantFrom(...REAL),
    fc.array(
      fc.tuple(
        fc.nat(900),
        fc.nat(3),
        fc.oneof(member, fc.string({ unit: "binary", maxLength: 3 })),
        fc.nat(900),
      ),
      { minLength: 1, maxLength: 4 },
    ),
  )
  .map(([line, changes]) => {
    let text = line;
    for (const [at, cut, put, from] of changes) {
      const piece = put === "x" ? text.slice(from, from + 40) : put;
      text = text.slice(0, at) + piece + text.slice(at + cut);
    }
    return text;
  });

/** A record of which a character or two are others; digits and quotes above all. */
const neighbour = fc
  .tuple(
    fc.constantFrom(...REAL),
    fc.array(fc.tuple(fc.nat(900), fc.constantFrom(...'0123456789abcf"\\{}, :x\t')), {
      maxLength: 2,
    }),
  )
  .map(([line, changes]) => {
    let text = line;
    for (const [at, char] of changes) {
      if (at < text.length) text = text.slice(0, at) + char + text.slice(at + 1);
    }
    return text;
  });

describe("any line", () => {
  it("of noise is refused in good order", () => {
    fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 300 }), examine), {
      numRuns: 300,
    });
    const tokens = fc.constantFrom(
      ...'{}":, \\[]0xe'.split(""),
      '"event": {',
      '{"export": {"type": "',
      "null",
    );
    const soup = fc.array(tokens, { maxLength: 60 }).map((parts) => parts.join(""));
    fc.assert(fc.property(soup, examine), { numRuns: 500 });
  });

  it("that was a record and was changed is read or refused in good order", () => {
    fc.assert(fc.property(fc.oneof(mutant, neighbour), examine), { numRuns: 1000 });
  });

  it("that is taken by its parts is one that can be read, and says the same", () => {
    let taken = 0;
    fc.assert(
      fc.property(fc.oneof(mutant, neighbour), (line) => {
        const parts = recordParts(line);
        if (parts === undefined) return;
        // Another record with the same CELL, whose reading the parts rely on.
        const known = aLine(parts.hook, parts.cell);
        const event = eventIn(known);
        if (event === undefined) return;
        taken++;
        const read = eventIn(line);
        assert.ok(read !== undefined, line);
        assert.deepEqual(read.cell, event.cell);
        assert.equal(read.hook, parts.hook);
        assert.deepEqual(
          [read.pid, read.process, read.task, read.coe],
          [parts.pid, parts.process, parts.task, parts.coe],
        );
        assert.deepEqual(readTsemRecord(line).kind, parts.kind);
      }),
      { numRuns: 1000 },
    );
    assert.ok(taken > 50, String(taken));
  });

  it("that is read at once can not be read in another way", () => {
    fc.assert(
      fc.property(
        fc
          .constantFrom(...TSEM_HOOKS)
          .chain(anyEventOf)
          .filter(ofKernel),
        (event) => {
          const line = writeTsemRecord({ kind: "event", event: { ...event, process: "bash" } });
          if (!line.startsWith('{"export": ')) return;
          // Only sensors of our own leave members out of an inode.
          if (
            /"s_id": "[^"]*"\}/.test(line) ||
            /"s_magic": "0x[0-9a-f]*"(?:\}|, "s_uuid")/.test(line)
          )
            return;
          const { found } = readings(line);
          assert.equal(found.length, 1, line);
          assert.deepEqual(found[0]?.record, readKernelRecord(line));
        },
      ),
      { numRuns: 500 },
    );
  });
});

function eventIn(line: string): SecurityEvent | undefined {
  try {
    const record = readTsemRecord(line);
    return "event" in record ? record.event : undefined;
  } catch (error) {
    assert.ok(error instanceof RecordError);
    return undefined;
  }
}

describe("lines that are meant to take long", () => {
  const SIZES = [4096, 1_000_000];
  const PIECES = [
    '"',
    "\\",
    '\\"',
    "{",
    "}",
    "[",
    '"}, "digest": "',
    '"}}, "old_name": "',
    '": {"',
    '", "type": "',
    "0",
    "f",
    " ",
    '{"a": ',
    '"COE": {',
    "\n",
  ];

  it("are refused soon, whatever they are made of", () => {
    for (const size of SIZES) {
      for (const piece of PIECES) {
        const long = piece.repeat(Math.ceil(size / piece.length));
        examine(long);
        examine(openLine(long));
        examine(openLine2025(long));
        examine(openLine("/x").replace('"5"', `"${long}"`));
        examine(openLine("/x").slice(0, 200) + long);
      }
    }
  });

  it("are refused when too many ways to read them would have to be tried", () => {
    const line = symlinkLine('"}}, "old_name": "x'.repeat(400), "y".repeat(400));
    assert.throws(() => readTsemRecord(line), { code: "AMBIGUOUS" });
    const names = '"}, "digest": "'.repeat(1060);
    assert.throws(() => readTsemRecord(openLine(names)), RecordError);
  });
});
