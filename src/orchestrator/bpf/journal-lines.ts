// SPDX-License-Identifier: Apache-2.0
// Lines of the journal from which another agent goes on with a namespace of the BPF sensor: each a JSON array whose first word says
// what it tells. Of one boot and one version of Galgo, so there is no other version of them to be read.
import { statSync } from "node:fs";
import { join } from "node:path";
import type { EventOf, TaskIdentity } from "../../event/index.ts";
import { parseRecord, writeRecord } from "../../event/index.ts";
import type { AgentProgress, CreatedChange, KeptAgent, KeptKey } from "../../sensor/bpf/index.ts";
import type { SeenActor, SeenObject } from "../../sensor/bpf/types.ts";
import { isIdentity } from "../records/actors.ts";
import { readLines } from "../records/line-reader.ts";

const KEY_HALVES = 4;
const HEX_OF_A_HALF = 8;

/** What a journal tells, besides what is kept as numbers (`KeptCounts`). */
export interface KeptLines extends Omit<KeptAgent, keyof AgentProgress> {
  /** Records of who is behind a TASK_ID. */
  readonly programs: readonly EventOf<"bprm_committed_creds">[];
  /** Coefficients (hex) that were found in the run, in this order, and at which of them the model had been closed. */
  readonly found: readonly string[];
  readonly sealedAfter: number | undefined;
  /** All that was to be attached to is in the namespace. */
  readonly attached: boolean;
  /** Number of the event at which each new behaviour was found. */
  readonly growth: readonly number[];
  /** Reasons of loss, with an example each. */
  readonly losses: readonly { readonly reason: string; readonly example: string }[];
}

export const LINE = {
  identity: ({ taskId, pTaskId }: TaskIdentity): string => line("identity", taskId, pTaskId),
  program: (record: EventOf<"bprm_committed_creds">): string =>
    line("program", writeRecord(record)),
  point: (coefficient: string): string => line("point", coefficient),
  sealed: (): string => line("sealed"),
  attached: (): string => line("attached"),
  grown: (event: number): string => line("grown", event),
  key: ({ key, next, point }: KeptKey): string => line("key", hexOf(key), next, point ?? null),
  carried: (counts: BigUint64Array): string => line("carried", ...Array.from(counts, String)),
  created: (change: CreatedChange): string => line("created", change),
  actor: (actor: SeenActor): string => line("actor", actor),
  object: (seen: SeenObject): string => line("object", seen),
  loss: (reason: string, example: string): string => line("loss", reason, example),
} as const;

function line(...values: readonly unknown[]): string {
  return `${JSON.stringify(values, plain)}\n`;
}

/** Name of the file in the folder of what is kept. */
export const JOURNAL = "journal.jsonl";

/** 0: there is none. */
export function journalBytes(folder: string): number {
  return statSync(join(folder, JOURNAL), { throwIfNoEntry: false })?.size ?? 0;
}

/**
 * Reads a journal. A last line that is cut off was never obeyed by anybody: it is left out.
 * @throws RecordFileError NO_FILE, TOO_LONG; SyntaxError, RecordError when it was changed
 */
export function readJournal(path: string): { readonly kept: KeptLines; readonly cutBytes: number } {
  const kept = emptyLines();
  const lines = readLines(path);
  for (let step = lines.next(); ; step = lines.next()) {
    if (step.done === true) return { kept, cutBytes: step.value.cutBytes };
    take(kept, JSON.parse(step.value.text, unplain) as unknown[]);
  }
}

type Mutable = {
  -readonly [K in keyof KeptLines]: KeptLines[K] extends readonly (infer T)[] ? T[] : KeptLines[K];
};

function emptyLines(): Mutable {
  return {
    identities: [],
    keys: [],
    carried: new BigUint64Array(0),
    created: [],
    actors: [],
    objects: [],
    programs: [],
    found: [],
    sealedAfter: undefined,
    attached: false,
    growth: [],
    losses: [],
  };
}

/** Written by this version, in a folder that only its user can write to: the shapes are those of `LINE`. */
function take(kept: Mutable, [what, ...values]: unknown[]): void {
  switch (what) {
    case "identity": {
      const [taskId, pTaskId] = values as [string, string];
      kept.identities.push({ taskId, pTaskId });
      return;
    }
    case "program": {
      const record = parseRecord(values[0] as string);
      if (isIdentity(record)) kept.programs.push(record);
      return;
    }
    case "point":
      kept.found.push(values[0] as string);
      return;
    case "sealed":
      kept.sealedAfter ??= kept.found.length;
      return;
    case "attached":
      kept.attached = true;
      return;
    case "grown":
      kept.growth.push(values[0] as number);
      return;
    case "key": {
      const [hex, next, point] = values as [string, number, string | null];
      kept.keys.push({ key: keyOf(hex), next, point: point ?? undefined });
      return;
    }
    case "carried":
      kept.carried = BigUint64Array.from(values as string[], BigInt);
      return;
    case "created":
      kept.created.push(values[0] as CreatedChange);
      return;
    case "actor":
      kept.actors.push(values[0] as SeenActor);
      return;
    case "object":
      kept.objects.push(values[0] as SeenObject);
      return;
    case "loss": {
      const [reason, example] = values as [string, string];
      kept.losses.push({ reason, example });
      return;
    }
    default:
      throw new SyntaxError(`a line of an unknown kind (${String(what)})`);
  }
}

function hexOf(key: Uint32Array): string {
  return Array.from(key, (half) => half.toString(16).padStart(HEX_OF_A_HALF, "0")).join("");
}

function keyOf(hex: string): Uint32Array {
  return Uint32Array.from({ length: KEY_HALVES }, (_, at) =>
    Number.parseInt(hex.slice(at * HEX_OF_A_HALF, (at + 1) * HEX_OF_A_HALF), 16),
  );
}

/** What JSON has no form for, in one that no text of ours has. */
function plain(_: string, value: unknown): unknown {
  if (typeof value === "bigint") return { $big: `${value}` };
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString("base64") };
  return value;
}

function unplain(_: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const { $big, $bytes } = value as { readonly $big?: string; readonly $bytes?: string };
  if ($big !== undefined) return BigInt($big);
  if ($bytes !== undefined) return Uint8Array.from(Buffer.from($bytes, "base64"));
  return value;
}
