// SPDX-License-Identifier: Apache-2.0
// A model whose outside is asked about elsewhere: what is inside is decided here, and of what is not, once it is sealed, the fleet may say
// that it is allowed, refused, or to be killed for. Without an answer the local model decides, as if nobody had been asked.
import { describeEvent, writeRecord } from "../../event/index.ts";
import type { SecurityEvent } from "../../event/index.ts";
import type { Model } from "../../model/runtime/index.ts";
import type { AskedModel } from "../linked-model.ts";
import type { DoorAsk, DoorClient } from "./door-client.ts";
import { MAX_ASKED_RECORD, MAX_ASKED_WORDS } from "./door-words.ts";

/** How long an allowance is remembered here (ms), so that what is done a thousand times a second is not asked a thousand times. */
export const REMEMBER_MS = 1_000;
/** Allowances that are remembered here. */
const MAX_REMEMBERED = 4_096;

export interface RemoteModelParts {
  readonly door: Pick<DoorClient, "ask">;
  /** Milliseconds that never go back. */
  readonly now: () => number;
}

/** `local` decides where the fleet does not. What the fleet has allowed stays outside of it: a sealed model does not change. */
export function createRemoteModel(local: Model, parts: RemoteModelParts): AskedModel {
  return new RemoteModel(local, parts);
}

class RemoteModel implements AskedModel {
  readonly #local: Model;
  readonly #parts: RemoteModelParts;
  /** When what was allowed has to be asked again. */
  readonly #allowed = new Map<string, number>();
  /** What was said of a coefficient before: that has a record. */
  readonly #said = new Map<string, { inside: boolean; outside: boolean }>();

  constructor(local: Model, parts: RemoteModelParts) {
    this.#local = local;
    this.#parts = parts;
  }

  update(coefficient: string, event?: SecurityEvent): ReturnType<AskedModel["update"]> {
    const local = this.#local;
    if (!local.sealed || local.has(coefficient)) return local.update(coefficient);
    const ruling = this.#rulingOn(coefficient, event);
    local.update(coefficient);
    if (ruling === "allow") return { valid: true, added: this.#first(coefficient, "inside") };
    const added = this.#first(coefficient, "outside");
    return ruling === "none" ? { valid: false, added } : { valid: false, added, ruling };
  }

  get aggregate(): string | undefined {
    return this.#local.aggregate;
  }

  get base(): string {
    return this.#local.base;
  }

  get sealed(): boolean {
    return this.#local.sealed;
  }

  get counts(): Model["counts"] {
    return this.#local.counts;
  }

  get pseudonyms(): ReadonlySet<string> {
    return this.#local.pseudonyms;
  }

  setAggregate(hex: string): boolean {
    return this.#local.setAggregate(hex);
  }

  setBase(hex: string): void {
    this.#local.setBase(hex);
  }

  load(coefficient: string): void {
    this.#local.load(coefficient);
  }

  addPseudonym(hex: string): void {
    this.#local.addPseudonym(hex);
  }

  has(coefficient: string): boolean {
    return this.#local.has(coefficient);
  }

  repeated(coefficient: string, count: number): void {
    this.#local.repeated(coefficient, count);
  }

  seal(): void {
    this.#local.seal();
  }

  points(): ReturnType<Model["points"]> {
    return this.#local.points();
  }

  state(): string {
    return this.#local.state();
  }

  measurement(): string {
    return this.#local.measurement();
  }

  #rulingOn(
    coefficient: string,
    event: SecurityEvent | undefined,
  ): "allow" | "deny" | "kill" | "none" {
    const { door, now } = this.#parts;
    if (now() < (this.#allowed.get(coefficient) ?? Number.NEGATIVE_INFINITY)) return "allow";
    this.#allowed.delete(coefficient);
    const { verdict } = door.ask(askAbout(coefficient, event));
    if (verdict === "allow" && this.#allowed.size < MAX_REMEMBERED)
      this.#allowed.set(coefficient, now() + REMEMBER_MS);
    return verdict;
  }

  #first(coefficient: string, side: "inside" | "outside"): boolean {
    const said = this.#said.get(coefficient) ?? { inside: false, outside: false };
    const first = !said[side];
    said[side] = true;
    this.#said.set(coefficient, said);
    return first;
  }
}

function askAbout(coefficient: string, event: SecurityEvent | undefined): DoorAsk {
  if (event === undefined) return { coefficient, words: "", pid: 0 };
  const record = writeRecord(event);
  return {
    coefficient,
    words: describeEvent(event).slice(0, MAX_ASKED_WORDS),
    pid: event.pid,
    ...(record.length > MAX_ASKED_RECORD ? {} : { record }),
  };
}
