// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { ModelError } from "../errors.ts";
import { buildGrams } from "./build.ts";
import { childOf, symbolsOf } from "./grams.ts";
import { HeldOut } from "./held-out.ts";
import {
  decodeSequences,
  encodeSequences,
  expectedAfter,
  explainSurprises,
  type SequenceModel,
  SequenceStream,
  scorerOf,
  type TrainingSet,
  trainSequences,
} from "./index.ts";
import { languageOf, LanguageWalk, unitsOf } from "./language.ts";
import { ln } from "./ln.ts";
import { randomly, walks } from "../../../test/helpers/walks.ts";

const LIMITS = { alphabet: 6, order: 5, maxGrams: 10_000 };

/** How often each n-gram is in the traces, counted the slow way. */
function countedByHand(traces: readonly Int32Array[], order: number): Map<string, number> {
  const counts = new Map<string, number>();
  for (const trace of traces)
    for (let end = 1; end <= trace.length; end++)
      for (let length = 1; length <= Math.min(order, end); length++) {
        const key = trace.slice(end - length, end).join();
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
  return counts;
}

test("the trie holds every n-gram with its count, and links it to its own end", () => {
  const traces = walks({ seed: 1, traces: 30, length: 40, alphabet: 6 });
  const grams = buildGrams(traces, LIMITS);
  const counts = countedByHand(traces, LIMITS.order);
  assert.equal(grams.symbols.length, counts.size + 1);
  for (let node = 1; node < grams.symbols.length; node++) {
    const symbols = symbolsOf(grams, node);
    assert.equal(grams.counts[node], counts.get(symbols.join()), symbols.join());
    assert.deepEqual(symbolsOf(grams, grams.suffix[node] ?? -1), symbols.slice(1));
  }
});

test("a trie without room leaves out the rarest of the longest, whatever the order of the traces", () => {
  const traces = walks({ seed: 2, traces: 30, length: 40, alphabet: 6 });
  const whole = buildGrams(traces, LIMITS);
  const maxGrams = Math.floor(whole.symbols.length / 2);
  const small = buildGrams(traces, { ...LIMITS, maxGrams });
  assert.ok(small.symbols.length <= maxGrams);
  assert.ok(small.symbols.length > maxGrams / 4);
  assert.deepEqual(buildGrams(traces.toReversed(), { ...LIMITS, maxGrams }), small);
  for (let node = 1; node < small.symbols.length; node++) {
    const symbols = symbolsOf(small, node);
    let at = 0;
    for (const symbol of symbols) at = childOf(whole, at, symbol);
    assert.equal(small.counts[node], whole.counts[at]);
  }
});

test("probabilities after any context add up to one", () => {
  const traces = walks({ seed: 3, traces: 20, length: 60, alphabet: 6 });
  const language = languageOf(buildGrams(traces, LIMITS));
  for (const context of [[], [0], [1, 2], [3, 3, 3], [5, 1, 0, 2]]) {
    let sum = 0;
    for (let symbol = -1; symbol < LIMITS.alphabet; symbol++) {
      const walk = new LanguageWalk(language);
      for (const before of context) walk.step(before);
      walk.step(symbol);
      sum += Math.exp(-walk.surprise / 65_536);
    }
    assert.ok(Math.abs(sum - 1) < 1e-3, `${context.join()}: ${sum}`);
  }
});

test("a held-out trace is scored as by a model that never saw it", () => {
  const traces = walks({ seed: 4, traces: 12, length: 50, alphabet: 6 });
  const heldOut = new HeldOut(buildGrams(traces, LIMITS), 2);
  for (const [index, trace] of traces.entries()) {
    const told: number[] = [];
    heldOut.without([trace], (_, tell) => tell((surprise) => told.push(surprise)));
    const others = languageOf(buildGrams(traces.toSpliced(index, 1), LIMITS));
    const walk = new LanguageWalk(others);
    for (const [at, symbol] of trace.entries()) {
      walk.step(symbol);
      assert.ok(Math.abs((told[at] ?? 0) - walk.surprise) <= 8, `trace ${index}, event ${at}`);
    }
  }
});

test("the logarithm is that of the platform to the last digits", () => {
  const random = randomly(5);
  for (let round = 0; round < 2000; round++) {
    const x = random() ** 8;
    if (x === 0) continue;
    assert.ok(Math.abs(ln(x) - Math.log(x)) <= 4e-16 * Math.max(1, -Math.log(x)), String(x));
  }
  assert.equal(unitsOf(1), 0);
});

/** Traces with names, as learning gives them. */
function namedSet(seed: number, runs: number): TrainingSet {
  const traces = walks({ seed, traces: 60, length: 120, alphabet: 12 });
  return {
    names: Array.from({ length: 12 }, (_, symbol) => `call-${(symbol * 7) % 12}`),
    traces: traces.map((events, at) => ({ run: `run ${at % runs}`, events })),
    durationMs: 60_000,
  };
}

/** The same in another order: of the names, and of the traces. */
function shuffled(set: TrainingSet): TrainingSet {
  const names = set.names.toReversed();
  const last = names.length - 1;
  const traces = set.traces.map(({ run, events }) => ({
    run,
    events: events.map((e) => last - e),
  }));
  return { ...set, names, traces: [...traces.slice(17), ...traces.slice(0, 17)].reverse() };
}

for (const runs of [1, 2, 6]) {
  test(`training is bit-identical in any order of what is given (${runs} runs)`, () => {
    const set = namedSet(6, runs);
    const spec = encodeSequences(trainSequences(set));
    assert.equal(
      JSON.stringify(encodeSequences(trainSequences(shuffled(set)))),
      JSON.stringify(spec),
    );
  });
}

test("beyond the limits the longest traces lose their ends and the rarest names are unknown", () => {
  const set = namedSet(7, 1);
  const model = trainSequences(set, { maxEvents: 3000, maxSymbols: 5 });
  assert.equal(model.learned.events + model.learned.leftOut, 60 * 120);
  assert.ok(model.learned.events <= 3000);
  assert.equal(model.names.length, 5);
  assert.equal(model.learned.rareNames, 7);
  const same = trainSequences(shuffled(set), { maxEvents: 3000, maxSymbols: 5 });
  assert.deepEqual(encodeSequences(same), encodeSequences(model));
});

test("a model is read back as it was written", () => {
  const model = trainSequences(namedSet(8, 3));
  const text = JSON.stringify(encodeSequences(model));
  assert.deepEqual(decodeSequences(JSON.parse(text)), model);
});

test("a damaged model is refused", () => {
  const spec = encodeSequences(trainSequences(namedSet(9, 3)));
  const damaged = [
    { ...spec, order: 9 },
    { ...spec, order: 3 },
    { ...spec, names: spec.names.toReversed() },
    { ...spec, names: spec.names.slice(1) },
    { ...spec, grams: spec.grams.slice(4) },
    { ...spec, grams: spec.grams.slice(0, -8) },
    { ...spec, grams: `${spec.grams.slice(0, 8)}!${spec.grams.slice(9)}` },
    { ...spec, grams: "" },
  ];
  for (const [index, one] of damaged.entries())
    assert.throws(() => decodeSequences(one), ModelError, `damage ${index}`);
});

function feed(stream: SequenceStream, symbols: Iterable<number>): number {
  let alarms = 0;
  for (const symbol of symbols) if (stream.next(symbol) !== undefined) alarms++;
  return alarms;
}

/** A program that goes round: open, read ten times, close. */
function roundModel(): SequenceModel {
  const random = randomly(10);
  const round = [0, ...new Array<number>(10).fill(1), 2];
  const traces = Array.from({ length: 80 }, () => {
    const rounds = 5 + Math.floor(random() * 20);
    const events = Array.from({ length: rounds }, () => (random() < 0.1 ? [3, ...round] : round));
    return { run: "", events: Int32Array.from(events.flat()) };
  });
  return trainSequences({
    names: ["0 open", "1 read", "2 close", "3 stat"],
    traces,
    durationMs: 80_000,
  });
}

test("an odd order of known events raises one alarm and is explained by what was expected", () => {
  const scorer = scorerOf(roundModel(), 1);
  const normal = new SequenceStream(scorer);
  const round = [0, ...new Array<number>(10).fill(1), 2];
  assert.equal(feed(normal, [...round, ...round, 3, ...round, ...round]), 0);
  assert.ok(normal.finish().normal);

  const odd = new SequenceStream(scorer);
  assert.equal(feed(odd, [...round, ...round]), 0);
  assert.equal(feed(odd, [0, 2, 0, 2, 0, 2, 0, 2, 0, 2, 0, 2, 0, 2, 0, 2, 0, 2, 0, 2]), 1);
  assert.ok(!odd.finish().normal);
  const [first] = odd.surprises();
  assert.ok(first !== undefined);
  const before = first.symbols.slice(0, -1);
  if (first.symbols.at(-1) === 2) assert.deepEqual(expectedAfter(scorer, before)[0]?.symbol, 1);
  assert.ok(first.nats > 2);
});

test("a process that is strange from end to end is judged so; a strange stretch raises an alarm and leaves the verdict", () => {
  const scorer = scorerOf(roundModel(), 1);
  const round = [0, ...new Array<number>(10).fill(1), 2];
  const rounds = new Array<readonly number[]>(30).fill(round).flat();
  const burst = new SequenceStream(scorer);
  assert.equal(feed(burst, [...rounds, ...new Array<number>(30).fill(3), ...rounds]), 1);
  const within = burst.finish();
  assert.ok(within.normal);
  assert.ok(within.alarm.rarity > within.verdict.rarity + 3);

  const other = new SequenceStream(scorer);
  feed(other, new Array<readonly number[]>(60).fill([2, 1, 3, 0]).flat());
  const whole = other.finish();
  assert.ok(!whole.normal);
  assert.ok(whole.verdict.score > whole.threshold);
  for (const { combined, verdict } of [within, whole])
    assert.ok(combined.rarity > 3 && combined.score >= verdict.rarity);
});

test("nothing that was ever learned is never normal, however small the budget", () => {
  const scorer = scorerOf(roundModel(), 1e-9);
  const stream = new SequenceStream(scorer);
  feed(stream, new Array<number>(300).fill(-1));
  assert.ok(!stream.finish().normal);
});

test("a smaller budget of alarms gives higher thresholds", () => {
  const model = roundModel();
  const strict = scorerOf(model, 0.1).thresholds;
  const loose = scorerOf(model, 1000).thresholds;
  for (const name of ["short", "long", "verdict"] as const)
    assert.ok(strict[name] > loose[name], name);
});

test("a surprise is explained with names, and what was expected", () => {
  const scorer = scorerOf(roundModel(), 1);
  const stream = new SequenceStream(scorer);
  feed(stream, [0, ...new Array<number>(10).fill(1), 2, 0, 2]);
  const [first] = explainSurprises(scorer, stream.surprises());
  assert.equal(first?.name, "2 close");
  assert.deepEqual(first?.before.slice(-3), ["1 read", "2 close", "0 open"]);
  assert.equal(first?.expected[0]?.name, "1 read");
  assert.ok((first?.expected[0]?.percent ?? 0) > 90);
  assert.equal(first?.met, 0);
  assert.ok((first?.of ?? 0) > 100);
});

test("an event that was never met is the most surprising of all, and named as unknown", () => {
  const scorer = scorerOf(roundModel(), 1);
  const stream = new SequenceStream(scorer);
  feed(stream, [0, 1, 1, 1, scorer.symbolOf("never"), 1, 1, 1]);
  assert.equal(stream.surprises()[0]?.symbols.at(-1), -1);
});
