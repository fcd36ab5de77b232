// SPDX-License-Identifier: Apache-2.0
// From events back to the descriptions that the programs made of them.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CASES, startShell } from "../../../test/helpers/bpf-cases.ts";
import { testDecoder, testSink } from "../../../test/helpers/bpf-decoder.ts";
import { descriptionBytes, type WrittenRecord } from "../../../test/helpers/bpf-record.ts";
import { anEvent, ROOT } from "../../../test/helpers/events.ts";
import { argumentsOf } from "./arguments-of.ts";
import { descriptionOf } from "./description.ts";
import { Identities } from "./identities.ts";
import { ATOMIC_HOOKS, Limit } from "./layout.gen.ts";
import type { SeenActor } from "./types.ts";

const ACTOR: SeenActor = { identity: 2, coe: ROOT, rootMount: 1n, rootInode: 2n };
const ATOMIC: ReadonlySet<string> = new Set(ATOMIC_HOOKS);
/** Their programs tell more than the CELL has. */
const MORE_THAN_THE_CELL = ["tun_dev_attach", "tun_dev_attach_queue"];

function isAboutAnObject({ objects = [] }: WrittenRecord): boolean {
  return objects.some((object) => object.absent !== true);
}

/** Descriptions that the event of a record may have. */
function described(record: WrittenRecord): readonly string[] {
  const sink = testSink();
  const identities = new Identities(sink);
  const bench = testDecoder({ sink, identities });
  startShell(bench);
  const { event } = bench.tell(record);
  const numbersOf = (taskId: string): number[] => [...identities.withTaskId(taskId)];
  return argumentsOf(event, numbersOf).map((found) =>
    descriptionOf({ ...ACTOR, coe: event.coe }, { hook: event.hook, ...found }).toString("hex"),
  );
}

function written(record: WrittenRecord): string {
  const bytes = descriptionBytes(record);
  return Buffer.concat([bytes, Buffer.alloc(-bytes.length & (8 * Limit.turn - 1))]).toString("hex");
}

describe("the arguments of an event", () => {
  const cases = CASES.map(([record]) => record).filter(
    (record) => ATOMIC.has(record.hook) && !isAboutAnObject(record) && record.hook !== "quotactl",
  );
  for (const record of cases) {
    if (MORE_THAN_THE_CELL.includes(record.hook)) {
      it(`${record.hook}: can not be said`, () => assert.deepEqual(described(record), []));
    } else {
      it(`${record.hook} are those that its program had`, () => {
        assert.ok(described(record).includes(written(record)));
      });
    }
  }

  it("name all forks of a program, and nobody is outside or has run nothing yet", () => {
    const numbers = (cell: object): readonly (readonly bigint[])[] => {
      const event = anEvent("task_kill", { target: "", sig: 9, crossNs: 0, ...cell });
      const numbersOf = (id: string): readonly number[] =>
        id === "aa" ? [8, 9] : id === "00" ? [2, 3] : [];
      return argumentsOf(event, numbersOf).map(({ args }) => args);
    };
    assert.deepEqual(numbers({ target: "aa" }), [
      [8n, 9n],
      [9n, 9n],
    ]);
    assert.deepEqual(numbers({ target: "bb" }), []);
    assert.deepEqual(numbers({ target: "00", crossNs: 1 }), [[1n << 32n, 9n]]);
    assert.deepEqual(numbers({ target: "00" }), [
      [2n, 9n],
      [3n, 9n],
    ]);
    const asked = argumentsOf(anEvent("task_getsid", { task: "00" }), () => [2, 3]);
    assert.deepEqual(
      asked.map(({ args }) => args),
      [[2n], [3n], [1n << 32n]],
    );
  });

  it("say what becomes of the ids that a call does not name", () => {
    const user = { ...ROOT, uid: 7, euid: 7, suid: 8, capeff: 0n };
    const set = (
      flags: number,
      ids: readonly number[],
      coe = user,
    ): readonly (readonly bigint[])[] =>
      argumentsOf(anEvent("task_fix_setuid", { flags, ids }, { coe }), () => []).map(
        ({ args }) => args,
      );
    const pair = (low: number, high: number): bigint => BigInt(low) | (BigInt(high) << 32n);
    assert.deepEqual(set(1, [8]), [[1n, pair(7, 8), pair(8, 8)]]);
    assert.deepEqual(set(1, [5], ROOT), [[1n, pair(5, 5), pair(5, 5)]]);
    assert.deepEqual(set(2, [7, 8]), [
      [2n, pair(7, 8), pair(8, 8)],
      [2n, pair(7, 8), pair(8, 8)],
    ]);
    assert.deepEqual(set(8, [9]), [[8n, pair(7, 7), pair(8, 9)]]);
  });

  it("are not said of texts that the programs never recognise", () => {
    const ids = Array.from({ length: 63 }, (_, index) => index);
    const many = anEvent("task_fix_setgroups", { flags: 0, ids });
    assert.deepEqual(
      argumentsOf(many, () => []),
      [],
    );
  });
});
