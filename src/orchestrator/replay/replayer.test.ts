// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { anyEvent } from "../../../test/helpers/any-event.ts";
import { openRecord } from "../../../test/helpers/kernel-records.ts";
import { testHasher } from "../../../test/helpers/test-hasher.ts";
import { aLine } from "../../../test/helpers/tsem-lines.ts";
import { RecordError, readTsemRecord, writeRecord } from "../../event/index.ts";
import { createMapper, createProfile, BUILTIN_PROFILES } from "../../model/index.ts";
import { RunError } from "../errors.ts";
import { RecordJoiner } from "../../sensor/replay/index.ts";
import { DIALECTS } from "./decode.ts";
import { MAX_MEMO_TEXTS } from "./limits.ts";
import { Replayer } from "./replayer.ts";
import { freeRules } from "./rules.ts";
import { NO_TRACES } from "./traces.ts";

type Rules = Partial<Parameters<typeof freeRules>[0]>;

const UNSAID = {
  mapping: undefined,
  digest: undefined,
  profile: undefined,
  aggregate: undefined,
  base: undefined,
};

/** Replays records (latin1 texts) and returns what each of them gave. */
function replay(records: readonly string[], rules: Rules = {}) {
  const given: (string | undefined)[] = [];
  const spec = freeRules({ ...UNSAID, ...rules });
  const observer = {
    onCoefficient: (value: string | undefined) => {
      given.push(value);
      return true;
    },
  };
  const replayer = new Replayer({ spec, source: "test", traces: NO_TRACES, observer });
  const joiner = new RecordJoiner(replayer, replayer.dialect);
  for (const [at, record] of records.entries()) joiner.line(record, at + 1);
  joiner.end();
  return { given, result: replayer.result() };
}

/** The same without memo, joiner and all: one record by itself. */
function single(record: string, rules: Rules): string | undefined {
  const mapper = createMapper(testHasher("sha256"), rules.mapping);
  const profile = createProfile(BUILTIN_PROFILES[rules.profile ?? "exact"], mapper);
  const text = new TextDecoder().decode(Buffer.from(record, "latin1"));
  try {
    const read = readTsemRecord(text, { dialect: DIALECTS[mapper.mapping] });
    return "event" in read && read.event !== undefined
      ? mapper.coefficient(profile.rewrite(read.event))
      : undefined;
  } catch (error) {
    assert.ok(error instanceof RecordError, String(error));
    return undefined;
  }
}

const names = fc.constantFrom(
  "/a",
  "/b",
  "/proc/5/stat",
  "/proc/6/stat",
  '/q"',
  "/\u00c3\u00a9",
  "/a\tb",
);
const record = fc
  .tuple(
    names,
    fc.constantFrom(5, 6, 7),
    fc.constantFrom("sh", "{", 'x"'),
    fc.constantFrom("ab", "cd"),
  )
  .map(([name, pid, process, id]) => openRecord(name, { pid, process, taskId: id.repeat(32) }));

describe("a replay", () => {
  for (const rules of [{}, { profile: "portable" }, { mapping: "quixote-2024" }] as const) {
    it(`gives each record what it is by itself: ${JSON.stringify(rules)}`, () => {
      fc.assert(
        fc.property(fc.array(record, { maxLength: 30 }), (records) => {
          const { given } = replay(records, rules);
          assert.deepEqual(
            given,
            records.map((one) => single(one, rules)),
          );
        }),
        { numRuns: 200 },
      );
    });
  }

  it("reads what Galgo writes, whatever the event", () => {
    const mapper = createMapper(testHasher("sha256"));
    const events = fc.array(
      anyEvent.filter(
        (e) =>
          e.hook !== "bprm_committed_creds" &&
          e.task.taskId.length === 64 &&
          e.task.pTaskId.length === 64,
      ),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(events, (all) => {
        const own = all.map((e) => Buffer.from(writeRecord(e)).toString("latin1"));
        const wanted = all.map((e) => mapper.coefficient(e));
        assert.deepEqual(replay([...own, ...own]).given, [...wanted, ...wanted]);
      }),
      { numRuns: 100 },
    );
  });

  it("models an exec whose program is not told where Quixote does, also from Galgo's own record", () => {
    const exec = aLine("bprm_committed_creds", "{}");
    const read = readTsemRecord(exec, { dialect: "quixote" });
    assert.ok("event" in read && read.event !== undefined);
    const { given, result } = replay([exec, writeRecord(read.event)], {
      mapping: "quixote-2025",
    });
    assert.equal(given[0]?.length, 64);
    assert.equal(given[1], given[0]);
    assert.deepEqual([result.counts.identities, result.lost], [0, 0]);
    assert.equal(replay([writeRecord(read.event)]).result.lost, 1);
  });

  it("remembers no more than it may, and stays right", () => {
    const records = Array.from({ length: MAX_MEMO_TEXTS + 20 }, (_, i) => openRecord(`/${i}`));
    const some = [0, 7, MAX_MEMO_TEXTS + 19].map((i) => records[i] ?? "");
    const { given, result } = replay([...records, ...some]);
    assert.deepEqual(
      given.slice(-3),
      some.map((one) => single(one, {})),
    );
    assert.equal(result.points.length, MAX_MEMO_TEXTS + 20);
    assert.equal(result.events, MAX_MEMO_TEXTS + 23);
  });

  it("survives any damage: every record gives something, and nothing but a stream of another digest is an error", () => {
    const damage = fc.array(fc.tuple(fc.nat(999), fc.nat(255)), { maxLength: 4 });
    const damaged = fc.tuple(record, damage).map(([text, edits]) => {
      const bytes = Buffer.from(text, "latin1");
      for (const [at, byte] of edits) if (at < bytes.length && byte !== 10) bytes[at] = byte;
      return bytes.toString("latin1");
    });
    const any = fc.oneof(damaged, damaged, record, fc.string({ unit: "binary-ascii" }));
    fc.assert(
      fc.property(fc.array(any, { maxLength: 8 }), (records) => {
        try {
          const lines = records.flatMap((text) => text.split("\n"));
          const { given, result } = replay(lines);
          assert.equal(given.length, result.counts.records);
          assert.equal(given.filter((one) => one !== undefined).length, result.events);
        } catch (error) {
          assert.ok(error instanceof RunError && error.code === "BAD_OPTION", String(error));
        }
      }),
      { numRuns: 500 },
    );
  });

  it("says where the aggregate comes from, and when it is late", () => {
    const [one, two] = ["ab", "cd"].map(
      (byte) => `{"export": {"type": "aggregate"}, "aggregate": {"value": "${byte.repeat(32)}"}}`,
    ) as [string, string];
    const early = replay([one, openRecord("/a")]).result;
    assert.deepEqual(
      [early.aggregate, early.aggregateFrom, early.notices],
      ["ab".repeat(32), "stream", []],
    );
    const late = replay([openRecord("/a"), one]).result;
    assert.equal(late.state, early.state);
    assert.match(late.notices.join(), /line 2 comes after events/);
    const changed = replay([one, openRecord("/a"), two]).result;
    assert.equal(changed.aggregate, "cd".repeat(32));
  });
});
