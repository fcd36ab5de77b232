// SPDX-License-Identifier: Apache-2.0
// The thread of an agent: takes windows from the thread that decides, has the model score them, many at a time, and says which are strange.
import { parentPort, workerData } from "node:worker_threads";
import { FEATURE_NAMES } from "../../model/features/index.ts";
import { JUDGED, type SentWindow } from "./feed.ts";
import { type OnnxModel, openOnnx } from "./onnx.ts";
import type { AgentFinding, AgentMessage, AgentSetup } from "./protocol.ts";

/** Windows that are scored at a time. */
const MAX_BATCH = 256;
/** Streams whose last window was strange; beyond it some are told of again. */
const MAX_STRANGE = 65_536;

function post(message: AgentMessage): void {
  parentPort?.postMessage(message);
}

async function main(): Promise<void> {
  const { file, threshold, port, counts } = workerData as AgentSetup;
  const judged = new Int32Array(counts);
  const waiting: SentWindow[] = [];
  const strange = new Set<string>();
  let wake: (() => void) | undefined;
  let closed = false;
  port.on("message", (window: SentWindow) => {
    waiting.push(window);
    wake?.();
  });
  port.on("close", () => {
    closed = true;
    wake?.();
  });
  const model = await openOnnx(file);
  post({ type: "ready" });
  for (;;) {
    const batch = waiting.splice(0, MAX_BATCH);
    if (batch.length > 0) {
      for (const finding of await strangeOf(model, batch, { threshold, strange }))
        post({ type: "finding", finding });
      Atomics.add(judged, JUDGED, batch.length);
    } else if (closed) break;
    else
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    if (strange.size > MAX_STRANGE) strange.clear();
  }
  post({ type: "ended" });
}

/** Told of once, and again when a window of the stream was not strange in between. */
async function strangeOf(
  model: OnnxModel,
  batch: readonly SentWindow[],
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
