// SPDX-License-Identifier: Apache-2.0
// The records beside a model, run by run: a header line for each run, then its records, each with how often it was met. Older files have no
// headers: they are one run.
import * as z from "zod/mini";
import { quote } from "../../base/quote.ts";
import type { SecurityEvent } from "../../event/index.ts";
import { writeRecord } from "../../event/index.ts";
import { learningRun } from "../../model/index.ts";
import type { LearnedRecord, LearningRun, RunFacts } from "../../model/index.ts";
import { nodeHasher } from "../../tma/index.ts";
import { isIdentity } from "../records/actors.ts";
import { RecordFileError } from "../errors.ts";
import { addMark } from "../records/marks.ts";
import { readEntries } from "../records/record-file.ts";
import type { FileRecord } from "../records/record-file.ts";
import { SEQUENCE_START, SequenceReader, sequenceLines } from "../records/sequence-log.ts";

/** Ids are of this digest whatever the digest of the model: the same run has the same id everywhere. */
const HASHER = nodeHasher("sha256");
const NANOSECONDS_PER_MS = 1_000_000n;

/** The shape of a header. */
function headerSchema() {
  const count = z.int().check(z.nonnegative());
  return z.object({
    run: z.looseObject({
      events: count,
      lost: count,
      durationMs: z.number().check(z.nonnegative()),
      started: z.optional(z.iso.datetime()),
      saturation: z.array(count).check(z.refine(({ length }) => length === 0 || length % 10 === 0)),
      kind: z.optional(z.literal("amend")),
    }),
  });
}

/** Made when it is asked for: most starts of Galgo read no records. */
let header: ReturnType<typeof headerSchema> | undefined;

const NO_FACTS: RunFacts = { eventsSeen: 0, eventsLost: 0, durationMs: 0, saturation: [] };

/** What a header says. */
interface Header {
  readonly facts: RunFacts;
  readonly kind?: "amend";
}

/**
 * The runs of a record file, in its order. A run of which no header tells has the facts `older`, when it is the only one of the file.
 * @throws RecordFileError
 */
export function readLearningRuns(path: string, older: RunFacts = NO_FACTS): LearningRun[] {
  const runs: LearningRun[] = [];
  let header: Header | undefined;
  let records: FileRecord[] = [];
  let sequence = new SequenceReader();
  const end = (): void => {
    if (header !== undefined || records.length > 0) {
      const facts = { ...older, eventsSeen: older.eventsSeen || records.length };
      const run = runOf(records, header ?? { facts });
      const behaviours = run.records.filter(({ event }) => !isIdentity(event)).length;
      const ordered = sequence.end(behaviours);
      runs.push(ordered === undefined ? run : { ...run, sequence: ordered });
    }
    records = [];
    sequence = new SequenceReader();
  };
  for (const entry of readEntries(path)) {
    if ("event" in entry) {
      records.push(entry);
      continue;
    }
    if (entry.text.startsWith(SEQUENCE_START)) {
      sequence.line(entry.text, `${quote(path)}: line ${entry.line}`);
      continue;
    }
    end();
    header = parseHeader(path, entry);
  }
  end();
  return runs;
}

function runOf(records: readonly FileRecord[], { facts, kind }: Header): LearningRun {
  const learned = records.map(({ event, learned: mark }) => ({
    event,
    count: mark?.count ?? 1,
    ...(mark?.test === undefined ? {} : { test: mark.test }),
  }));
  return makeRun(learned, facts, kind);
}

/** A run of records without times: these follow from the clock in the events. */
export function makeRun(
  records: readonly Omit<LearnedRecord, "atMs">[],
  facts: RunFacts,
  kind?: LearningRun["kind"],
): LearningRun {
  const start = startOf(records.map(({ event }) => event));
  const timed = records.map((record) => {
    const { ts } = record.event;
    if (start === undefined || ts === 0n) return record;
    return { ...record, atMs: Number((ts - start) / NANOSECONDS_PER_MS) };
  });
  return learningRun(timed, facts, HASHER, kind);
}

function startOf(events: readonly SecurityEvent[]): bigint | undefined {
  const times = events.map(({ ts }) => ts).filter((ts) => ts > 0n);
  return times.reduce<bigint | undefined>(
    (least, ts) => (least === undefined || ts < least ? ts : least),
    undefined,
  );
}

function parseHeader(path: string, { line, text }: { line: number; text: string }): Header {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  header ??= headerSchema();
  const read = header.safeParse(json);
  if (!read.success) {
    throw new RecordFileError(
      "BAD_RECORD",
      `${quote(path)}: line ${line} is not the header of a run; learn again to get a whole file`,
    );
  }
  const { events, lost, durationMs, saturation, started, kind } = read.data.run;
  const facts = {
    eventsSeen: events,
    eventsLost: lost,
    durationMs,
    saturation,
    ...(started === undefined ? {} : { started }),
  };
  return kind === undefined ? { facts } : { facts, kind };
}

/** The lines of a record file with these runs, without their newlines. */
export function* learningRunLines(runs: readonly LearningRun[]): Generator<string> {
  for (const { id, facts, records, kind, sequence } of runs) {
    const { eventsSeen: events, eventsLost: lost, durationMs, saturation, started } = facts;
    yield JSON.stringify({ run: { id, kind, started, events, lost, durationMs, saturation } });
    if (sequence !== undefined) yield* sequenceLines(sequence);
    for (const record of records) yield recordLine(record);
  }
}

function recordLine({ event, count, test }: LearnedRecord): string {
  const text = writeRecord(event);
  if (isIdentity(event)) return text;
  return addMark(text, { kind: "learned", count, ...(test === undefined ? {} : { test }) });
}
