// SPDX-License-Identifier: Apache-2.0
// Answers questions for verdicts: from what is known here, else from the fleet, within the time that the asking thread gives. What comes
// later is carried out when it comes.
import { randomBytes } from "node:crypto";
import { setTimeout as after } from "node:timers/promises";
import type { PublicKey } from "../../../attest/keys/keys.ts";
import { publicKeyOfPem } from "../../../attest/keys/keys.ts";
import { CodedError } from "../../../base/errors.ts";
import { nodeVerifier } from "../../../quote/node-verifier.ts";
import type { DoorAnswer, DoorHello, DoorQuestion } from "../../../tma/index.ts";
import {
  openRulings,
  readVerdictAnswer,
  type Ruling,
  type Rulings,
  type RulingWord,
  type VerdictQuestion,
} from "../../../wire/link/index.ts";
import { Refusals } from "../commands/refusals.ts";
import { FleetError } from "../errors.ts";
import type { FleetSide } from "../side.ts";
import { type RulingBook, keyOf } from "./book.ts";
import { MAX_ASKED, MAX_QUESTIONS, PENDING_MS, SILENCE_EVERY_MS, UNHURRIED_MS } from "./limits.ts";

/** What the fleet has said: a verdict, or why none. */
type Said = { readonly verdict: RulingWord } | { readonly none: string };

export class FleetJudge {
  readonly #side: FleetSide;
  readonly #book: RulingBook;
  readonly #refusals: Refusals;
  /** Questions under way, by behaviour: many may ask the same. */
  readonly #asking = new Map<string, Promise<Said>>();
  /** Until when nobody asks again about what somebody has to decide. */
  readonly #pending = new Map<string, number>();
  /** Runs that went on with a behaviour that nobody had ruled about. */
  readonly #waiting = new Map<string, Set<string>>();
  #silentAt = Number.NEGATIVE_INFINITY;

  constructor(side: FleetSide, book: RulingBook) {
    this.#side = side;
    this.#book = book;
    this.#refusals = new Refusals(side, () => performance.now());
  }

  /** Never rejects. */
  async judge(hello: DoorHello, question: DoorQuestion): Promise<DoorAnswer> {
    const { q, coefficient, withinMs } = question;
    const known = this.#known(hello.model, coefficient);
    if (known !== undefined) return { q, verdict: known };
    const asked = this.#asked(hello, question);
    const said = await inTime(asked, withinMs);
    if (said !== undefined && "verdict" in said) return { q, verdict: said.verdict };
    this.#waits(hello, coefficient);
    if (said === undefined) {
      this.#later(asked, hello, coefficient);
      if (withinMs > 0) this.#silent(`no answer within ${withinMs} ms`);
      return { q, verdict: "none", why: "the fleet has not answered yet" };
    }
    return { q, verdict: "none", why: said.none };
  }

  /** Rulings that all hosts are sent. What is not the fleet's is refused, aloud. */
  heard(envelope: string): void {
    try {
      this.#take(this.#opened(envelope).rulings);
    } catch (error) {
      this.#refused(error);
    }
  }

  /** What was ruled since the newest that is known here. @throws FleetError; LinkError */
  async catchUp(pages: number): Promise<void> {
    for (let page = 0; page < pages; page += 1) {
      const nonce = newNonce();
      const answer = await this.#side.ask("verdict", { nonce, since: this.#book.highest });
      const { rulings, more, nonce: theirs } = this.#opened(readVerdictAnswer(answer).envelope);
      if (theirs !== nonce) throw new FleetError("BAD_ANSWER", "rulings to another question came");
      this.#take(rulings);
      if (more === undefined || rulings.length === 0) return;
    }
  }

  #known(model: string, coefficient: string): RulingWord | undefined {
    const verdict = this.#book.find(model, coefficient)?.verdict;
    return verdict === "taken back" ? undefined : verdict;
  }

  #asked(hello: DoorHello, question: DoorQuestion): Promise<Said> {
    const key = keyOf(hello.model, question.coefficient);
    const asking = this.#asking.get(key);
    if (asking !== undefined) return asking;
    if (performance.now() < (this.#pending.get(key) ?? Number.NEGATIVE_INFINITY))
      return Promise.resolve({ none: "somebody of the fleet has to decide first" });
    if (this.#asking.size >= MAX_QUESTIONS)
      return Promise.resolve({ none: `${MAX_QUESTIONS} questions are under way already` });
    const asked = this.#ask(hello, question)
      .catch((error: unknown): Said => ({ none: this.#failed(error) }))
      .finally(() => this.#asking.delete(key));
    this.#asking.set(key, asked);
    return asked;
  }

  async #ask(hello: DoorHello, question: DoorQuestion): Promise<Said> {
    const { model, run, name } = hello;
    const { coefficient, words, record, withinMs } = question;
    const nonce = newNonce();
    const told = record === undefined ? {} : { record };
    const body: Omit<VerdictQuestion, "v"> = {
      ...{ nonce, model, coefficient, run, name, words },
      ...told,
    };
    const wait = Math.max(withinMs, UNHURRIED_MS);
    const answer = await this.#side.ask("verdict", body, wait);
    const opened = this.#opened(readVerdictAnswer(answer).envelope);
    const [ruling] = opened.rulings;
    if (opened.nonce !== nonce) throw new FleetError("BAD_ANSWER", "it answers another question");
    if (ruling === undefined) {
      this.#wait(keyOf(model, coefficient));
      return { none: "somebody of the fleet has to decide first" };
    }
    if (ruling.model !== model || ruling.coefficient !== coefficient)
      throw new FleetError("BAD_ANSWER", "it rules about another behaviour");
    // the fleet's rule for what nobody knows counts for this answer only
    if (ruling.rev > 0) this.#take([ruling]);
    return ruling.verdict === "taken back"
      ? { none: "nobody has ruled about it" }
      : { verdict: ruling.verdict };
  }

  #wait(key: string): void {
    if (this.#pending.size >= MAX_ASKED) this.#pending.clear();
    this.#pending.set(key, performance.now() + PENDING_MS);
  }

  /** Signed, or not read. @throws LinkError, SignatureError */
  #opened(envelope: string): Rulings {
    const keys = this.#side.membership.commandKeys.map(
      (pem): PublicKey => publicKeyOfPem(pem, nodeVerifier, "the fleet's key"),
    );
    return openRulings(envelope, keys, nodeVerifier);
  }

  #take(rulings: readonly Ruling[]): void {
    let news: readonly Ruling[] = [];
    try {
      news = this.#book.take(rulings.filter(({ rev }) => rev > 0));
    } catch (error) {
      this.#side.tell("error", `rulings of the fleet are not kept: ${lineOf(error)}`);
    }
    for (const { model, coefficient, verdict } of news) {
      const key = keyOf(model, coefficient);
      this.#pending.delete(key);
      const runs = this.#waiting.get(key) ?? new Set();
      this.#waiting.delete(key);
      if (verdict === "kill") for (const run of runs) this.#kill(run);
    }
  }

  /** It went on meanwhile. */
  #later(asked: Promise<Said>, hello: DoorHello, coefficient: string): void {
    void asked.then((said) => {
      if ("none" in said) return;
      this.#stopsWaiting(hello, coefficient);
      if (said.verdict === "kill") this.#kill(hello.run);
    });
  }

  #kill(id: string): void {
    const run = this.#side.context.registry.list().find((one) => one.id === id);
    run?.kill("the fleet has ruled that it is killed for what it did");
  }

  #waits({ model, run }: DoorHello, coefficient: string): void {
    const key = keyOf(model, coefficient);
    const runs = this.#waiting.get(key) ?? new Set<string>();
    if (runs.size === 0 && this.#waiting.size >= MAX_ASKED) return;
    runs.add(run);
    this.#waiting.set(key, runs);
  }

  #stopsWaiting({ model, run }: DoorHello, coefficient: string): void {
    const key = keyOf(model, coefficient);
    const runs = this.#waiting.get(key);
    runs?.delete(run);
    if (runs?.size === 0) this.#waiting.delete(key);
  }

  #failed(error: unknown): string {
    const why = lineOf(error);
    const away = error instanceof FleetError && /^(?:NOT_ONLINE|NO_ANSWER)$/.test(error.code);
    if (away) this.#silent(why);
    else this.#refused(error);
    return why.slice(0, 512);
  }

  #silent(why: string): void {
    const now = performance.now();
    if (now - this.#silentAt < SILENCE_EVERY_MS) return;
    this.#silentAt = now;
    this.#side.tell("warning", `the fleet gives no verdicts, local models decide: ${why}`);
  }

  #refused(error: unknown): void {
    const code = error instanceof CodedError ? String(error.code) : "FAILED";
    this.#refusals.refused("a verdict", code, lineOf(error));
  }
}

/** undefined: not within that time */
async function inTime(asked: Promise<Said>, withinMs: number): Promise<Said | undefined> {
  if (withinMs === 0) return undefined;
  const late = new AbortController();
  const waited = after(withinMs, undefined, { signal: late.signal }).catch(() => undefined);
  try {
    return await Promise.race([asked, waited]);
  } finally {
    late.abort();
  }
}

function newNonce(): string {
  return randomBytes(16).toString("hex");
}

function lineOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replaceAll("\n", " | ").slice(0, 2_000);
}
