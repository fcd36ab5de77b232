// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import { noBpf, objectOf, privateBpffs } from "../../../test/helpers/bpf-programs.ts";
import { runProgram } from "../../native/bpf-link.ffi.ts";
import type { BpfMap } from "../../native/bpf-map.ffi.ts";
import { BpfObject, type BpfProgram } from "../../native/bpf-object.ffi.ts";
import { type InternedOptions, InternedSet } from "./interned.ts";
import { MAX_NEXT } from "./interned-table.ts";

const SLOT = 2;
const MEETER = join(import.meta.dirname, "../../../test/helpers/meeter.ts");
/** What the project allows the kernel to spend on 2,000 behaviours (bytes). */
const BUDGET = { keys: 2000, bytes: 100_000 };

interface Met {
  readonly hits: number;
  readonly next: number;
}

interface Programs {
  readonly sets: BpfMap;
  /** Looks a key up as the sensor's programs do. */
  readonly meet: (key: Uint32Array, times?: number) => Met;
  readonly makeSet: (more?: Partial<InternedOptions>) => InternedSet;
  /** What `meet` runs. */
  readonly program: BpfProgram;
}

function programs(t: TestContext): Programs {
  const object = BpfObject.open(objectOf("plumbing"));
  object.load();
  const sets = object.map("sets").open();
  const made: InternedSet[] = [];
  t.after(() => {
    for (const open of [...made, sets, object]) open.close();
  });
  const makeSet = (more: Partial<InternedOptions> = {}): InternedSet => {
    const set = new InternedSet({ sets, slot: SLOT, ...more });
    made.push(set);
    return set;
  };
  const meet = (key: Uint32Array, times = 1): Met => {
    const args = Buffer.alloc(40);
    args.writeUInt32LE(SLOT, 0);
    args.writeUInt32LE(times, 4);
    for (let half = 0; half < 4; half++) args.writeUInt32LE(key[half] ?? 0, 8 + 4 * half);
    runProgram(object.program("meet").fd, args);
    return { hits: Number(args.readBigUInt64LE(24)), next: Number(args.readBigUInt64LE(32)) };
  };
  return { sets, meet, makeSet, program: object.program("meet") };
}

/** The same keys in each run, spread as a hash spreads them. */
function keys(count: number, seed = 1): Uint32Array[] {
  let state = seed;
  const half = (): number => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  };
  return Array.from({ length: count }, () => Uint32Array.of(half(), half(), half(), half()));
}

describe("an interned set", { skip: noBpf ?? false }, () => {
  it("is met by programs, with the identity that an exec leads to", (t) => {
    const { meet, makeSet } = programs(t);
    const set = makeSet();
    const [plain, exec, other] = keys(3) as [Uint32Array, Uint32Array, Uint32Array];
    assert.equal(meet(plain).hits, 0);
    assert.equal(set.insert(plain, 0), 0);
    assert.equal(set.insert(exec, 0, MAX_NEXT), 1);
    assert.deepEqual(meet(plain, 3), { hits: 3, next: 0 });
    assert.deepEqual(meet(exec), { hits: 1, next: MAX_NEXT });
    assert.deepEqual(meet(other), { hits: 0, next: 0 });
    assert.deepEqual([...set.counts()], [3n, 1n]);
  });

  it("knows what it holds", (t) => {
    const { makeSet } = programs(t);
    const set = makeSet();
    const [a, b] = keys(2) as [Uint32Array, Uint32Array];
    assert.equal(set.insert(a, 0), 0);
    assert.equal(set.insert(a, 0), 0);
    assert.equal(set.find(a, 0), 0);
    assert.equal(set.find(b, 0), -1);
    assert.equal(set.insert(Uint32Array.of(9, ...a), 1), 0, "in the middle of a record");
    assert.equal(set.size, 1);
  });

  it("finds every key, and loses no count, while it grows", (t) => {
    const { meet, makeSet } = programs(t);
    const set = makeSet();
    const all = keys(12_000);
    const expected = new Array<bigint>(all.length).fill(0n);
    for (const [at, key] of all.entries()) {
      assert.equal(set.insert(key, 0, at % 1000), at);
      const earlier = (at * 7919) % (at + 1);
      const met = meet(all[earlier] ?? key, 2);
      assert.deepEqual(met, { hits: 2, next: earlier % 1000 });
      expected[earlier] = (expected[earlier] ?? 0n) + 2n;
    }
    set.relieve();
    assert.deepEqual([...set.counts()], expected);
  });

  it("adds what was counted in a table before it was replaced", (t) => {
    const { meet, makeSet } = programs(t);
    const set = makeSet();
    const [first, ...more] = keys(5000) as [Uint32Array, ...Uint32Array[]];
    set.insert(first, 0);
    meet(first, 10);
    for (const key of more) set.insert(key, 0);
    meet(first, 5);
    assert.equal(set.counts()[0], 15n);
  });

  it("loses no count while programs count in the table that is replaced", async (t) => {
    const { makeSet, program } = programs(t);
    const set = makeSet();
    const [first, ...more] = keys(40_000) as [Uint32Array, ...Uint32Array[]];
    set.insert(first, 0);
    const path = join(privateBpffs(t), "meet");
    program.pin(path);
    const args = ["--import", "tsx", MEETER, path, String(SLOT), ...[...first].map(String)];
    const others = Array.from({ length: 2 }, () => {
      const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
      t.after(() => child.kill("SIGKILL"));
      return { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
    });
    for (const { lines } of others) assert.equal((await lines.next()).value, "began");
    const before = set.memoryBytes;
    for (const key of more) set.insert(key, 0);
    assert.ok(set.memoryBytes > 5 * before, "it was replaced several times");
    let hits = 0n;
    for (const { child, lines } of others) {
      child.stdin.end();
      hits += BigInt(String((await lines.next()).value));
    }
    assert.equal(set.counts()[0], hits);
  });

  it("takes what the project allows for it, however the keys fall", (t) => {
    const { makeSet } = programs(t);
    for (let seed = 1; seed <= 25; seed++) {
      const set = makeSet({ retiredMs: 0, expected: seed % 2 === 0 ? BUDGET.keys : 0 });
      for (const key of keys(BUDGET.keys, seed)) set.insert(key, 0);
      set.relieve();
      const { size, memoryBytes } = set;
      set.close();
      assert.equal(size, BUDGET.keys);
      assert.ok(memoryBytes <= BUDGET.bytes, `${memoryBytes} bytes with seed ${seed}`);
    }
  });

  it("is made for the keys that are expected", (t) => {
    const { meet, makeSet } = programs(t);
    const set = makeSet({ expected: 10_000 });
    const before = set.memoryBytes;
    const all = keys(10_000);
    for (const key of all) set.insert(key, 0);
    assert.equal(set.memoryBytes, before);
    for (const key of all) assert.equal(meet(key).hits, 1);
  });

  it("does not take what it can not hold", (t) => {
    const { meet, makeSet } = programs(t);
    const set = makeSet({ maxKeys: 2 });
    const [a, b, c] = keys(3) as [Uint32Array, Uint32Array, Uint32Array];
    assert.equal(set.insert(Uint32Array.of(0, 0, 1, 1), 0), -1, "looks like a free entry");
    assert.equal(set.insert(a, 0, MAX_NEXT + 1), -1, "an identity that does not fit");
    assert.equal(set.insert(a, 0), 0);
    assert.equal(set.insert(b, 0), 1);
    assert.equal(set.insert(c, 0), -1);
    assert.equal(meet(c).hits, 0);
  });

  it("that is closed recognises nothing", (t) => {
    const { sets, meet } = programs(t);
    const set = new InternedSet({ sets, slot: SLOT });
    const [key] = keys(1) as [Uint32Array];
    set.insert(key, 0);
    set.close();
    assert.equal(meet(key).hits, 0);
    assert.equal(sets.innerId(SLOT), undefined);
  });
});
