// SPDX-License-Identifier: Apache-2.0
// The page: a recorded file is dropped or chosen, read in this window, and what the model makes of it is shown. Nothing is sent anywhere.
import { isHex } from "../base/hex.ts";
import { quote } from "../base/quote.ts";
import {
  BUILTIN_PROFILES,
  DIGEST_NAMES,
  DIGEST_SIZES,
  type DigestName,
  MAPPING_NAMES,
  type MappingName,
} from "../model/runtime/index.ts";
import { webHasher } from "./digest.ts";
import { type LostRecord, Replay, type ReplayedRecord, type ReplayOptions } from "./replay.ts";
import { findPage, offer, type Page, showTable } from "./view.ts";

/** Rows of each table that are shown. */
const MAX_ROWS = 500;
/** Bytes that are modeled before the page may react to its user. */
const BYTES_A_TURN = 256 * 1024;

/** What is kept of a stream to be shown. */
class Summary {
  readonly records: ReplayedRecord[] = [];
  readonly added: ReplayedRecord[] = [];
  readonly faults: LostRecord[] = [];
  readonly counts = { records: 0, behaviours: 0, lost: 0 };

  record(record: ReplayedRecord): void {
    this.counts.records++;
    if (record.coefficient !== undefined) this.counts.behaviours++;
    if (this.records.length < MAX_ROWS) this.records.push(record);
    if (record.added && this.added.length < MAX_ROWS) this.added.push(record);
  }

  lost(fault: LostRecord): void {
    this.counts.lost++;
    if (this.faults.length < MAX_ROWS) this.faults.push(fault);
  }
}

function start(page: Page): void {
  offer(page.mapping, MAPPING_NAMES);
  offer(page.digest, DIGEST_NAMES);
  offer(page.profile, Object.keys(BUILTIN_PROFILES));
  let file: File | undefined;
  let running = new AbortController();
  const again = (): void => {
    running.abort();
    running = new AbortController();
    if (file !== undefined) void show(page, file, running.signal);
  };
  const take = (files: FileList | null | undefined): void => {
    file = files?.[0] ?? file;
    again();
  };
  page.file.addEventListener("change", () => take(page.file.files));
  for (const input of [page.mapping, page.digest, page.profile, page.aggregate]) {
    input.addEventListener("change", again);
  }
  // A file that is dropped beside the target must not replace the page.
  for (const name of ["dragover", "drop"] as const) {
    window.addEventListener(name, (event) => event.preventDefault());
  }
  page.drop.addEventListener("drop", (event) => take(event.dataTransfer?.files));
}

async function show(page: Page, file: File, signal: AbortSignal): Promise<void> {
  clear(page);
  const options = optionsOf(page);
  if (options === undefined) {
    page.status.textContent = `The aggregate is not ${DIGEST_SIZES[page.digest.value as DigestName] * 2} hex digits.`;
    return;
  }
  page.status.textContent = `Reading ${quote(file.name)} ...`;
  const summary = new Summary();
  const replay = new Replay(options, summary);
  try {
    await feed(replay, file, { signal, progress: page.progress });
  } catch (error) {
    if (!signal.aborted) {
      const why = error instanceof Error ? error.message : String(error);
      page.status.textContent = `${quote(file.name)} can not be read: ${quote(why)}`;
    }
    return;
  }
  showSummary(page, replay, summary);
  page.status.textContent = `Done: ${quote(file.name)}`;
}

function optionsOf(page: Page): ReplayOptions | undefined {
  const digest = page.digest.value as DigestName;
  const aggregate = page.aggregate.value.trim().toLowerCase();
  if (aggregate !== "" && !isHex(aggregate, DIGEST_SIZES[digest])) return undefined;
  return {
    hasher: webHasher(digest),
    mapping: page.mapping.value as MappingName,
    profile: page.profile.value as ReplayOptions["profile"],
    ...(aggregate !== "" && { aggregate }),
  };
}

interface Feeding {
  readonly signal: AbortSignal;
  readonly progress: HTMLProgressElement;
}

/** Reads a file to its end, with pauses in which the page lives. */
async function feed(replay: Replay, file: File, { signal, progress }: Feeding): Promise<void> {
  progress.max = Math.max(file.size, 1);
  progress.value = 0;
  const counter = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(chunk, controller): void {
      progress.value += chunk.length;
      controller.enqueue(chunk);
    },
  });
  const counted = file.stream().pipeThrough(counter);
  const bytes = (await isGzip(file))
    ? counted.pipeThrough(new DecompressionStream("gzip"))
    : counted;
  const reader = bytes.getReader();
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    const { value } = read;
    for (let at = 0; at < value.length; at += BYTES_A_TURN) {
      replay.push(value.subarray(at, at + BYTES_A_TURN));
      await turn(signal);
    }
  }
  replay.end();
}

async function isGzip(file: File): Promise<boolean> {
  const [first, second] = new Uint8Array(await file.slice(0, 2).arrayBuffer());
  return first === 0x1f && second === 0x8b;
}

async function turn(signal: AbortSignal): Promise<void> {
  await new Promise((resume) => setTimeout(resume));
  signal.throwIfAborted();
}

function clear(page: Page): void {
  for (const part of [page.facts, page.lost, page.records, page.points]) {
    part.replaceChildren();
  }
  page.state.textContent = "";
  page.measurement.textContent = "";
}

function showSummary(page: Page, { model, lines }: Replay, summary: Summary): void {
  const { records, behaviours, lost } = summary.counts;
  const points = model.points();
  const facts = [
    `${lines} lines`,
    `${records} records`,
    `${behaviours} behaviours`,
    `${points.length} points`,
    `${lost} lost`,
  ];
  page.facts.textContent = facts.join(", ");
  page.state.textContent = model.state();
  page.measurement.textContent = model.measurement();
  showTable(
    page.lost,
    ["line", "problem"],
    summary.faults.map(({ line, problem }) => [`${line}`, problem]),
    lost,
  );
  showTable(
    page.points,
    ["coefficient", "count", "first line", "what"],
    summary.added.map(({ coefficient = "", line, words }, i) => [
      coefficient,
      `${points[i]?.count ?? 0}`,
      `${line}`,
      words,
    ]),
    points.length,
  );
  showTable(
    page.records,
    ["line", "kind", "process", "what", "coefficient"],
    summary.records.map(({ line, kind, process, words, coefficient }) => [
      `${line}`,
      kind,
      process === undefined ? "" : quote(process),
      words,
      coefficient ?? "-",
    ]),
    records,
  );
}

start(findPage());
