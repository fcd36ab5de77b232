// SPDX-License-Identifier: Apache-2.0
// The shapes of the items of parcels, checked once where they come in.
import * as z from "zod/mini";
import {
  MAX_CHAIN,
  MAX_EVIDENCE,
  MAX_KEY_TEXT,
  MAX_LINES,
  MAX_PATH,
  MAX_RECORD,
  MAX_WORKLOADS,
} from "./limits.ts";
import { count, digest, labels, lazily, name, orderId, runId, text, time, words } from "./parts.ts";
import type { Item, ItemCounts } from "./items.ts";

const record = (): z.ZodMiniType<string> => text(MAX_RECORD);
const state = (): z.ZodMiniType<string> =>
  z.union([z.literal(""), digest()]) as z.ZodMiniType<string>;
const counts = (): z.ZodMiniType<ItemCounts> =>
  z.strictObject({
    events: count(),
    points: count(),
    trajectory: count(),
    violations: count(),
    refused: count(),
    lost: count(),
  });

function workload() {
  return z.strictObject({
    kind: z.literal("workload"),
    rev: count(),
    at: time(),
    run: runId(),
    name: name(),
    mode: z.enum(["free", "detect", "enforce"]),
    sealed: z.boolean(),
    onViolation: z.enum(["deny", "kill", "observe"]),
    sensor: z.enum(["seccomp", "bpf", "tsem", "replay"]),
    status: z.enum(["starting", "running", "ending", "ended", "failed"]),
    started: time(),
    ended: z.exactOptional(time()),
    state: state(),
    measurement: state(),
    model: z.exactOptional(
      z.strictObject({
        name: name(),
        digest: digest(),
        signedBy: z.exactOptional(z.array(words()).check(z.maxLength(16))),
      }),
    ),
    labels: z.exactOptional(labels()),
    image: z.exactOptional(words()),
    imageDigest: z.exactOptional(text(160)),
    container: z.exactOptional(words()),
    origin: z.exactOptional(words()),
    counts: counts(),
    outcome: z.exactOptional(words()),
    removed: z.exactOptional(z.literal(true)),
  });
}

function violation() {
  return z.strictObject({
    kind: z.literal("violation"),
    id: text(200).check(z.minLength(1)),
    at: time(),
    run: runId(),
    number: count(),
    decision: z.enum(["denied", "killed", "observed"]),
    words: words(),
    why: words(),
    hook: text(64),
    coefficient: z.exactOptional(digest()),
    program: z.exactOptional(text(MAX_PATH)),
    chain: z.array(z.union([z.null(), text(MAX_PATH)])).check(z.maxLength(MAX_CHAIN)),
    model: z.exactOptional(digest()),
    heldUs: z.exactOptional(z.number().check(z.minimum(0))),
    record: record(),
  });
}

function behaviour() {
  return z.strictObject({
    kind: z.literal("behaviour"),
    at: time(),
    run: runId(),
    coefficient: digest(),
    words: words(),
    hook: text(64),
    program: z.exactOptional(text(MAX_PATH)),
    valid: z.boolean(),
    record: record(),
  });
}

function processes() {
  const fact = z.strictObject({
    what: z.enum(["start", "exec", "end"]),
    at: z.string().check(z.regex(/^\d{1,20}$/, "has to be nanoseconds as text")),
    pid: count(),
    ppid: z.exactOptional(count()),
    name: text(MAX_PATH),
    task: text(160),
    untrusted: z.exactOptional(z.boolean()),
  });
  return z.strictObject({
    kind: z.literal("processes"),
    at: time(),
    run: runId(),
    processes: z.array(fact).check(z.maxLength(MAX_LINES)),
  });
}

const status = () => z.enum(["done", "failed", "refused", "progress"]);

function answers() {
  const evidence = z.strictObject({
    kind: z.literal("evidence"),
    at: time(),
    command: orderId(),
    run: runId(),
    nonce: z.string().check(z.regex(/^(?:[0-9a-f]{2}){8,64}$/, "has to be 8 to 64 bytes in hex")),
    form: z.enum(["jwt", "cwt"]),
    token: text(MAX_EVIDENCE),
    key: text(MAX_KEY_TEXT),
  });
  const result = z.strictObject({
    kind: z.literal("result"),
    at: time(),
    command: orderId(),
    status: status(),
    words: words(),
    workloads: z.exactOptional(
      z
        .array(z.strictObject({ run: runId(), status: status(), words: words() }))
        .check(z.maxLength(MAX_WORKLOADS)),
    ),
    tookMs: z.exactOptional(z.number().check(z.minimum(0))),
  });
  const notice = z.strictObject({
    kind: z.literal("notice"),
    at: time(),
    level: z.enum(["info", "warning", "error"]),
    words: words(),
    run: z.exactOptional(runId()),
    dropped: z.exactOptional(z.record(text(32), count())),
  });
  return [evidence, result, notice] as const;
}

/** The shape of one item. */
export const itemSchema: () => z.ZodMiniType<Item> = lazily<Item>(() =>
  z.discriminatedUnion("kind", [
    workload(),
    z.strictObject({
      kind: z.literal("table"),
      rev: count(),
      at: time(),
      runs: z.array(runId()).check(z.maxLength(MAX_WORKLOADS)),
    }),
    violation(),
    behaviour(),
    z.strictObject({
      kind: z.literal("points"),
      at: time(),
      run: runId(),
      state: digest(),
      total: count(),
      first: count(),
      coefficients: z.array(digest()).check(z.maxLength(MAX_LINES)),
    }),
    z.strictObject({
      kind: z.literal("counts"),
      at: time(),
      run: runId(),
      counts: counts(),
      points: z.exactOptional(z.array(z.tuple([digest(), count()])).check(z.maxLength(MAX_LINES))),
    }),
    processes(),
    ...answers(),
  ]),
);
