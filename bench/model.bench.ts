// SPDX-License-Identifier: Apache-2.0
// Events modeled by one thread: from the text of a recorded stream, and from events that are decoded already. JSON.parse of the same lines, in the
// same run, is the floor of a reader that does nothing else.
import { readFileSync, writeSync, openSync, closeSync } from "node:fs";
import { LineSplitter, readTsemRecord, recordParts, RecordJoiner } from "../src/event/index.ts";
import type { RecordSink, SecurityEvent } from "../src/event/index.ts";
import { BUILTIN_PROFILES, createMapper, createModel, createProfile } from "../src/model/index.ts";
import type { ProfileSpec, RuleSpec } from "../src/model/index.ts";
import { Replayer } from "../src/orchestrator/replay/replayer.ts";
import { freeRules } from "../src/orchestrator/replay/rules.ts";
import { TextMemo } from "../src/orchestrator/replay/text-memo.ts";
import { NO_TRACES } from "../src/orchestrator/replay/traces.ts";
import { bufferText } from "../src/sensor/replay/index.ts";
import { nodeHasher } from "../src/tma/index.ts";
import { bench } from "./lib/bench.ts";
import { Galgo } from "./lib/galgo.ts";
import { Lab } from "./lib/lab.ts";
import type { BenchOutcome, BenchTable, Verdict } from "./lib/result.ts";
import { streamText } from "./lib/stream.ts";
import { digits, highest, median, withRange } from "./lib/stats.ts";

const ROUNDS = 5;
const RECORDS = 200_000;
const BEHAVIOURS = 2_000;
/** Decoded events that are given again and again. A sensor has just made its event; very many kept ones would measure memory instead. */
const EVENTS = 4_000;
/** How often the stream is repeated to see what memory does. */
const REPEATS = 10;
const READ_BYTES = 256 * 1024;
const FROM_TEXT = 200_000;
const FROM_EVENTS = 500_000;
const MAX_RSS_MIB = 200;

/** Templates of the rules that are measured. Some stand for names of the stream, the others are looked at in vain. */
const TEMPLATES: readonly string[] = [
  "/srv/application/releases/current/node_modules/package-#/lib/modules/part-{n}.js",
  "/var/lib/application/state-#{n}.db",
  "/srv/application/releases/current/cache-#/{hex:40}/index.{n}.js",
  "/usr/lib/x86_64-linux-gnu/module-#.{tmp}.so",
  "/srv/application/run-#-{hex:8}/",
];
const TEMPLATE_COUNT = 50;

const SPEC = freeRules({
  mapping: undefined,
  digest: undefined,
  profile: undefined,
  aggregate: undefined,
  base: undefined,
});

/** A stream as a file and in memory. */
interface Stream {
  readonly label: string;
  readonly file: string;
  readonly chunks: readonly Buffer[];
  readonly bytes: number;
}

function makeStream(lab: Lab, label: string, behaviours: number): Stream {
  const file = `${lab.folder}/${label}.jsonl`;
  const fd = openSync(file, "w");
  for (const piece of streamText({ records: RECORDS, behaviours })) writeSync(fd, piece);
  closeSync(fd);
  const all = readFileSync(file);
  const chunks: Buffer[] = [];
  for (let at = 0; at < all.length; at += READ_BYTES)
    chunks.push(all.subarray(at, at + READ_BYTES));
  return { label, file, chunks, bytes: all.length };
}

/** CPU time of this process that some work takes (us). */
function cpuUs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

/** Per record (us), one value a round, after one round that does not count. */
function perRecord(work: () => void): number[] {
  cpuUs(work);
  return Array.from({ length: ROUNDS }, () => cpuUs(work) / RECORDS);
}

function eachLine({ chunks }: Stream, line: (text: string) => void): void {
  const splitter = new LineSplitter({ line, piece: () => undefined }, bufferText);
  for (const chunk of chunks) splitter.push(chunk);
  splitter.end();
}

function replayed({ chunks }: Stream): Replayer {
  const replayer = new Replayer({ spec: SPEC, source: "bench", traces: NO_TRACES, observer: {} });
  const joiner = new RecordJoiner(replayer, replayer.dialect);
  const splitter = new LineSplitter(joiner, bufferText);
  for (const chunk of chunks) splitter.push(chunk);
  splitter.end();
  joiner.end();
  return replayer;
}

/** Events of a stream as a sensor gives them: each an object of its own, tasks and credentials shared. */
function eventsOf(stream: Stream, most: number): SecurityEvent[] {
  const events: SecurityEvent[] = [];
  eachLine(stream, (text) => {
    if (events.length === most) return;
    const record = readTsemRecord(text);
    if ("event" in record && record.event !== undefined) events.push(record.event);
  });
  return events;
}

/** Models RECORDS events under rules; `fresh`: each round of them by a mapper, rules and a model that know nothing. */
function modeled(events: readonly SecurityEvent[], fresh: boolean, spec?: ProfileSpec): void {
  const hasher = nodeHasher("sha256");
  let mapper = createMapper(hasher);
  let model = createModel({ hasher });
  let profile = createProfile(spec ?? BUILTIN_PROFILES.exact, mapper);
  for (let round = 0; round < RECORDS / EVENTS; round++) {
    for (const event of events) model.update(mapper.coefficient(profile.rewrite(event)));
    if (!fresh) continue;
    mapper = createMapper(hasher);
    model = createModel({ hasher });
    profile = createProfile(spec ?? BUILTIN_PROFILES.exact, mapper);
  }
}

/** The profile portable with templates, some of which stand for names of the stream. */
function withTemplates(count: number): ProfileSpec {
  const { name, rules } = BUILTIN_PROFILES.portable;
  const templates = Array.from({ length: count }, (_, i): RuleSpec => {
    const template = TEMPLATES[i % TEMPLATES.length]?.replace("#", String(i)) ?? "";
    return { rule: "path-template", template, asked: true };
  });
  return { name, rules: [...rules, ...templates] };
}

interface Used {
  readonly cpuUs: number;
  readonly maxRssKib: number;
}

/** The command line with a stream on its stdin, through a pipe. */
async function piped(lab: Lab, galgo: Galgo, { file }: Stream, times: number): Promise<Used> {
  const out = `${lab.folder}/used.json`;
  const feed = `i=0; while [ $i -lt ${times} ]; do cat "$0" || exit 1; i=$((i+1)); done | "$@"`;
  const command = galgo.command(["replay", "-", "--state"]);
  await lab.succeed(["sh", "-c", feed, file, lab.program("usage"), out, ...command], {
    env: galgo.env,
  });
  return JSON.parse(readFileSync(out, "utf8")) as Used;
}

async function pipedRounds(lab: Lab, galgo: Galgo, stream: Stream): Promise<Used[]> {
  const used: Used[] = [];
  for (let round = 0; round < ROUNDS; round++) used.push(await piped(lab, galgo, stream, 1));
  return used;
}

/** Rows of events per CPU-second, from the time for one event (us). */
function rateRow(label: string, us: readonly number[]): { row: string[]; rate: number } {
  const rates = us.map((one) => 1e6 / one);
  return { row: [label, withRange(rates, digits), digits(median(us))], rate: median(rates) };
}

function verdict(what: string, rate: number, budget: number): Verdict {
  return {
    what,
    budget: `>= ${digits(budget)}/s`,
    measured: `${digits(rate)}/s`,
    met: rate >= budget,
  };
}

async function measure(): Promise<BenchOutcome> {
  const lab = new Lab("model");
  const galgo = new Galgo(lab);
  const again = makeStream(lab, "again", BEHAVIOURS);
  const fresh = makeStream(lab, "fresh", RECORDS);
  const runs = {
    again: await pipedRounds(lab, galgo, again),
    fresh: await pipedRounds(lab, galgo, fresh),
  };
  const long = await piped(lab, galgo, again, REPEATS);
  const perRun = (used: readonly Used[]): number[] => used.map(({ cpuUs: us }) => us / RECORDS);
  const known = `${digits(BEHAVIOURS)} behaviours`;
  const rows = {
    parse: rateRow(
      "JSON.parse of each line, nothing else",
      perRecord(() => eachLine(again, (text) => void JSON.parse(text))),
    ),
    stdin: rateRow(`galgo replay -, ${known}, with its start`, perRun(runs.again)),
    text: rateRow(
      `from text in this process, ${known}`,
      perRecord(() => void replayed(again).result()),
    ),
    stdinNew: rateRow("galgo replay -, every record a new behaviour", perRun(runs.fresh)),
    textNew: rateRow(
      "from text in this process, every record new",
      perRecord(() => void replayed(fresh).result()),
    ),
    ...eventRows(again, fresh, known),
  };
  const tables: BenchTable[] = [
    {
      title: `events per CPU-second (median and range of ${ROUNDS} rounds of ${digits(RECORDS)} records)`,
      columns: ["what", "events/s", "us an event"],
      rows: Object.values(rows).map(({ row }) => row),
      note: `Records have ${digits(again.bytes / RECORDS)} bytes on average. CPU time counts, that of all threads; processes are measured from outside, with everything they start. Where every record is new, state and measurement are four digests a record.`,
    },
    stages(again, fresh),
    memory(runs, long),
  ];
  lab.close();
  const rss = Math.max(long.maxRssKib, ...runs.again.map(({ maxRssKib }) => maxRssKib)) / 1024;
  return {
    tables,
    verdicts: [
      verdict(`events from text through stdin, ${known}`, rows.stdin.rate, FROM_TEXT),
      verdict(`events from decoded events, ${known}`, rows.events.rate, FROM_EVENTS),
      {
        what: `peak memory of ${digits(RECORDS * REPEATS)} records through stdin`,
        budget: `<= ${MAX_RSS_MIB} MiB`,
        measured: `${digits(rss)} MiB`,
        met: rss <= MAX_RSS_MIB,
      },
    ],
  };
}

function eventRows(again: Stream, fresh: Stream, known: string) {
  const events = eventsOf(again, EVENTS);
  const eventsNew = eventsOf(fresh, EVENTS);
  return {
    events: rateRow(
      `from decoded events, ${known}`,
      perRecord(() => modeled(events, false)),
    ),
    eventsNew: rateRow(
      "from decoded events, every one new",
      perRecord(() => modeled(eventsNew, true)),
    ),
    ...ruleRows(events, eventsNew, known),
  };
}

/** The same with the rules of `portable`, without and with templates of names. */
function ruleRows(
  events: readonly SecurityEvent[],
  fresh: readonly SecurityEvent[],
  known: string,
) {
  const row = (label: string, of: readonly SecurityEvent[], count: number) => {
    const spec = withTemplates(count);
    const rules = count === 0 ? "rules of portable" : `rules of portable and ${count} templates`;
    return rateRow(
      `from decoded events, ${rules}, ${label}`,
      perRecord(() => modeled(of, of === fresh, spec)),
    );
  };
  return {
    rules: row(known, events, 0),
    templates: row(known, events, TEMPLATE_COUNT),
    rulesNew: row("every one new", fresh, 0),
    templatesNew: row("every one new", fresh, TEMPLATE_COUNT),
  };
}

function memory(runs: { again: Used[]; fresh: Used[] }, long: Used): BenchTable {
  const mib = ({ maxRssKib }: Used): number => maxRssKib / 1024;
  return {
    title: "peak memory of galgo replay - (MiB)",
    columns: ["stream", "MiB"],
    rows: [
      [
        `${digits(RECORDS)} records, ${digits(BEHAVIOURS)} behaviours`,
        digits(highest(runs.again.map(mib))),
      ],
      [`${digits(RECORDS * REPEATS)} records, ${digits(BEHAVIOURS)} behaviours`, digits(mib(long))],
      [`${digits(RECORDS)} records, all of them new`, digits(highest(runs.fresh.map(mib)))],
    ],
  };
}

/** Where the time goes. Steps are measured by leaving out those behind them. */
function stages(again: Stream, fresh: Stream): BenchTable {
  const memo = new TextMemo("all");
  const prepare: RecordSink = {
    record: (bytes, _, parts = recordParts(bytes)) => void (parts && memo.set(parts, "known")),
    unreadable: () => undefined,
  };
  const joiner = new RecordJoiner(prepare, "kernel");
  eachLine(again, (text) => joiner.line(text, 1));
  const rest = { of: (): void => undefined };
  const split = perRecord(() => eachLine(again, rest.of));
  const parts = perRecord(() => eachLine(again, (text) => void recordParts(text)));
  const found = perRecord(() =>
    eachLine(again, (text) => {
      const record = recordParts(text);
      if (record !== undefined) memo.get(record);
    }),
  );
  const whole = perRecord(() => void replayed(again));
  const times = [split, parts, found, whole].map(median);
  const steps = times.map((us, at) => us - (times[at - 1] ?? 0));
  const names = ["bytes to lines", "parts of the record", "memo", "joining, counting, model"];
  const rows = names.map((name, at) => [name, digits(steps[at] ?? 0)]);
  return {
    title: "where the time goes (us a record)",
    columns: ["step", "us"],
    rows: [...rows, ...newSteps(fresh)],
    note: "The last rows are of a stream in which every record is new.",
  };
}

function newSteps(fresh: Stream): string[][] {
  const lines: string[] = [];
  eachLine(fresh, (text) => void lines.push(text));
  const decode = perRecord(() => {
    for (const line of lines) readTsemRecord(line);
  });
  const events = eventsOf(fresh, RECORDS);
  const hasher = nodeHasher("sha256");
  const coefficients: string[] = [];
  const map = perRecord(() => {
    const mapper = createMapper(hasher);
    coefficients.length = 0;
    for (const event of events) coefficients.push(mapper.coefficient(event));
  });
  const model = perRecord(() => {
    const made = createModel({ hasher });
    for (const coefficient of coefficients) made.update(coefficient);
  });
  const values = perRecord(() => {
    const made = createModel({ hasher });
    for (const coefficient of coefficients) made.update(coefficient);
    made.state();
    made.measurement();
  });
  return [
    ["new: decode", digits(median(decode))],
    ["new: map", digits(median(map))],
    ["new: model", digits(median(model))],
    ["new: state and measurement", digits(median(values) - median(model))],
  ];
}

await bench("model", measure);
