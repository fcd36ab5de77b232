// SPDX-License-Identifier: Apache-2.0
// Whether an agent is the model that it has to be, and how long a verdict takes: the same steps through it and through the plain model.
import { createHash } from "node:crypto";
import { createModel } from "../model/runtime/index.ts";
import type { ModelAgent } from "./model-agent.ts";
import { coefficientOf } from "./plain-agent.ts";
import { nodeHasher } from "./node-hasher.ts";
import type { EventBytes, Verdict } from "./protocol.ts";

/** What was found. Times in microseconds. */
export interface SelfTest {
  readonly faults: readonly string[];
  /** Steps that were compared. */
  readonly checks: number;
  /** hex; the state that both ended with, or the agent's where they differ */
  readonly state: string;
  readonly verdict: LatencyFound;
  /** Of an event that the agent maps itself, EVENT_BYTES. */
  readonly event: LatencyFound;
}

export interface LatencyFound {
  readonly n: number;
  readonly p50: number;
  readonly p99: number;
}

/** Of an event's name, ids, COE and CELL together: what the smallest agent takes. */
export const EVENT_BYTES = 493;

const POINTS = 100;
const VIOLATIONS = 10;
const COE_BYTES = 40;
const CELL_BYTES = 380;

/** Bytes that look random and are the same at each test. */
function bytesOf(label: string, length: number): Uint8Array {
  const parts: Buffer[] = [];
  for (let i = 0; parts.length * 32 < length; i++) {
    parts.push(createHash("sha256").update(`${label} ${i}`).digest());
  }
  return Buffer.concat(parts).subarray(0, length);
}

function eventOf(label: string): EventBytes {
  const name = new TextEncoder().encode("file_open");
  const ids = bytesOf(`ids ${label}`, 64);
  return {
    name,
    ids,
    coe: bytesOf(`coe ${label}`, COE_BYTES),
    cell: bytesOf(`cell ${label}`, CELL_BYTES),
  };
}

/**
 * @param rounds verdicts that are timed
 * @throws AgentError when the agent fails
 */
export function selfTest(agent: ModelAgent, rounds: number): SelfTest {
  const test = new Comparison(agent);
  agent.reset();
  test.begin();
  const known = Array.from({ length: POINTS }, (_, i) => coefficientOf(eventOf(`point ${i}`)));
  test.learn(known);
  test.events();
  test.values("while it was open");
  test.sealed();
  test.values("when it was sealed");
  const verdict = timed(rounds, (i) => agent.update(known[i % POINTS] ?? ""));
  const events = Array.from({ length: POINTS }, (_, i) => eventOf(`point ${i}`));
  const event = timed(rounds, (i) => agent.event(events[i % POINTS] ?? eventOf("none")));
  const state = agent.state();
  agent.reset();
  return { faults: test.faults, checks: test.checks, state, verdict, event };
}

class Comparison {
  readonly faults: string[] = [];
  checks = 0;
  readonly #agent: ModelAgent;
  readonly #model = createModel({ hasher: nodeHasher("sha256") });

  constructor(agent: ModelAgent) {
    this.#agent = agent;
  }

  begin(): void {
    const aggregate = "a5".repeat(32);
    const base = "5a".repeat(32);
    this.#same(
      "the aggregate",
      this.#agent.setAggregate(aggregate),
      this.#model.setAggregate(aggregate),
    );
    this.#model.setBase(base);
    this.#same("the base", this.#agent.setBase(base), true);
  }

  learn(coefficients: readonly string[]): void {
    const half = coefficients.slice(0, POINTS / 2);
    this.#agent.load(half);
    for (const one of half) this.#model.load(one);
    for (const one of coefficients) this.#verdict(`behaviour ${one}`, this.#agent.update(one), one);
  }

  events(): void {
    for (let i = 0; i < VIOLATIONS; i++) {
      const event = eventOf(`event ${i}`);
      const coefficient = coefficientOf(event);
      const answer = this.#agent.event(event);
      this.#same(`the coefficient of event ${i}`, answer?.coefficient, coefficient);
      if (answer !== undefined) this.#verdict(`event ${i}`, answer.verdict, coefficient);
    }
  }

  sealed(): void {
    this.#agent.seal();
    this.#model.seal();
    for (let i = 0; i < VIOLATIONS; i++) {
      const coefficient = coefficientOf(eventOf(`violation ${i}`));
      for (const _ of [1, 2]) {
        this.#verdict(`violation ${i}`, this.#agent.update(coefficient), coefficient);
      }
    }
  }

  values(when: string): void {
    this.#same(`the measurement ${when}`, this.#agent.measurement(), this.#model.measurement());
    this.#same(`the state ${when}`, this.#agent.state(), this.#model.state());
    const { points, invalid } = this.#agent.counts();
    this.#same(`the number of points ${when}`, points, this.#model.counts.points);
    this.#same(`the number of violations ${when}`, invalid, this.#model.counts.invalid);
  }

  #verdict(what: string, theirs: Verdict, coefficient: string): void {
    const { added, valid } = this.#model.update(coefficient);
    const words = "none" in theirs ? theirs.none : `${theirs.valid} ${theirs.added}`;
    this.#same(`the verdict on ${what}`, words, `${valid} ${added}`);
  }

  #same(what: string, theirs: unknown, ours: unknown): void {
    this.checks++;
    if (theirs !== ours) this.faults.push(`${what} is ${theirs}, and has to be ${ours}`);
  }
}

function timed(n: number, act: (i: number) => unknown): LatencyFound {
  const times: number[] = [];
  for (let i = 0; i < n; i++) {
    const start = performance.now();
    act(i);
    times.push((performance.now() - start) * 1_000);
  }
  times.sort((a, b) => a - b);
  const at = (share: number): number => times[Math.min(n - 1, Math.floor(n * share))] ?? 0;
  return { n, p50: at(0.5), p99: at(0.99) };
}
