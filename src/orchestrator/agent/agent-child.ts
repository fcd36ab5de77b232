// SPDX-License-Identifier: Apache-2.0
// The thread of an agent: reads what the thread that decides has put down, makes windows of it, has the model score them, many at a time, and says
// which are strange.
import { setPriority } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { FEATURE_NAMES, type FeatureWindow, FeatureWindows } from "../../model/features/index.ts";
import { FeedReader, type StreamEnd, type StreamName, type StreamNews } from "./feed.ts";
import { type OnnxModel, openOnnx } from "./onnx.ts";
import type { AgentFinding, AgentMessage, AgentSetup } from "./protocol.ts";

/** How often it looks for new events (ms). */
const LOOK_MS = 50;
/** Events that are made windows of before these are scored. */
const MAX_EVENTS = 8_192;
/** Streams whose last window was strange; beyond it some are told of again. */
const MAX_STRANGE = 65_536;
/** The workload and who decides about it come first; of this thread alone, as Linux has it. */
const PRIORITY = 10;

/** A window, and when its last event was decided (ms since 1970). */
interface TimedWindow extends FeatureWindow {
  readonly at: number;
}

function post(message: AgentMessage): void {
  parentPort?.postMessage(message);
}

async function main(): Promise<void> {
  const { file, threshold, port, memory } = workerData as AgentSetup;
  let closed = false;
  port.on("close", () => {
    closed = true;
  });
  lowerPriority();
  const model = await openOnnx(file);
  post({ type: "ready" });
  const source = new WindowSource(
    new FeedReader(memory),
    () => receiveMessageOnPort(port)?.message,
  );
  const strange = new Set<string>();
  for (;;) {
    // looked at before the events are: what was put down before the end is read
    const isLast = closed;
    const batch = source.next();
    if (batch.length > 0)
      for (const finding of await strangeOf(model, batch, { threshold, strange }))
        post({ type: "finding", finding });
    if (strange.size > MAX_STRANGE) strange.clear();
    if (source.waiting > 0) continue;
    if (isLast) break;
    await pause(LOOK_MS);
  }
  post({ type: "ended" });
}

function lowerPriority(): void {
  try {
    setPriority(0, PRIORITY);
  } catch {
    // it only takes more of the machine then
  }
}

/** Events, put together with the names of their streams. */
class WindowSource {
  readonly #reader: FeedReader;
  readonly #news: () => StreamNews | undefined;
  readonly #ended: StreamEnd[] = [];
  readonly #names = new Map<number, StreamName>();
  readonly #windows = new FeatureWindows();

  constructor(reader: FeedReader, news: () => StreamNews | undefined) {
    this.#reader = reader;
    this.#news = news;
  }

  get waiting(): number {
    return this.#reader.waiting;
  }

  next(): readonly TimedWindow[] {
    // first how many there are: names of those have been told
    const count = Math.min(MAX_EVENTS, this.#reader.waiting);
    for (let news = this.#news(); news !== undefined; news = this.#news())
      if ("ended" in news) this.#ended.push(news);
      else this.#names.set(news.stream, news);
    const found: TimedWindow[] = [];
    for (const { stream, behaviour, hook, at } of this.#reader.take(count)) {
      const { pid = 0, taskId = "" } = this.#names.get(stream) ?? {};
      this.#windows.add({ pid, taskId, hook, coefficient: behaviour });
      for (const window of this.#windows.take()) found.push({ ...window, at });
    }
    this.#forget();
    return found;
  }

  /** Of streams whose events were all read. */
  #forget(): void {
    while (this.#ended[0] !== undefined && this.#reader.isBehind(this.#ended[0].at)) {
      const end = this.#ended.shift();
      if (end !== undefined) this.#names.delete(end.ended);
    }
  }
}

/** Told of once, and again when a window of the stream was not strange in between. */
async function strangeOf(
  model: OnnxModel,
  batch: readonly TimedWindow[],
  { threshold, strange }: { readonly threshold: number; readonly strange: Set<string> },
): Promise<readonly AgentFinding[]> {
  const width = FEATURE_NAMES.length;
  const rows = new Float32Array(batch.length * width);
  for (const [at, { features }] of batch.entries()) rows.set(features, at * width);
  const scores = await model.score(rows, batch.length);
  const findings: AgentFinding[] = [];
  for (const [at, window] of batch.entries()) {
    const score = scores[at] ?? 0;
    const key = `${window.pid} ${window.taskId}`;
    if (score < threshold) strange.delete(key);
    else if (!strange.has(key)) {
      strange.add(key);
      findings.push({ ...window, score, features: named(window.features) });
    }
  }
  return findings;
}

function named(features: Float32Array): Record<string, number> {
  const rows = FEATURE_NAMES.map((name, at): [string, number] => [name, features[at] ?? 0]);
  return Object.fromEntries(
    rows
      .filter(([, value]) => value !== 0)
      .map(([name, value]) => [name, Number(value.toFixed(4))]),
  );
}

main().catch((error: unknown) => {
  post({ type: "failed", message: error instanceof Error ? error.message : String(error) });
});
