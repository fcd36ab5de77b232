// SPDX-License-Identifier: Apache-2.0
// The plain model (src/model) with the calls of an agent: what the others are compared with.
import { createModel, type Model } from "../model/runtime/index.ts";
import type { ModelAgent } from "./model-agent.ts";
import { nodeHasher } from "./node-hasher.ts";
import type { AgentCounts, EventBytes, Verdict } from "./protocol.ts";

const hasher = nodeHasher("sha256");

export function createPlainAgent(): ModelAgent {
  return new PlainAgent();
}

class PlainAgent implements ModelAgent {
  readonly name = "the agent in Galgo's own process";
  readonly capacity = Number.MAX_SAFE_INTEGER;
  #model: Model = createModel({ hasher });

  load(coefficients: readonly string[]): void {
    for (const one of coefficients) this.#model.load(one);
  }

  setAggregate(hex: string): boolean {
    return this.#model.setAggregate(hex);
  }

  setBase(hex: string): boolean {
    if (this.#model.sealed) return false;
    this.#model.setBase(hex);
    return true;
  }

  seal(): void {
    this.#model.seal();
  }

  update(coefficient: string): Verdict {
    return this.#model.update(coefficient);
  }

  event(event: EventBytes): { verdict: Verdict; coefficient: string } {
    const coefficient = coefficientOf(event);
    return { verdict: this.update(coefficient), coefficient };
  }

  state(): string {
    return this.#model.state();
  }

  measurement(): string {
    return this.#model.measurement();
  }

  counts(): AgentCounts {
    const { points, invalid, events } = this.#model.counts;
    return { points, invalid, verdicts: events };
  }

  reset(): void {
    this.#model = createModel({ hasher });
  }

  close(): void {
    this.reset();
  }
}

/** H(name | ids | H(COE) | H(CELL)), as src/model/mapper.ts has it. */
export function coefficientOf({ name, ids, coe, cell }: EventBytes): string {
  return hasher.hex(Buffer.concat([name, ids, digest(coe), digest(cell)]));
}

function digest(bytes: Uint8Array): Buffer {
  return Buffer.from(hasher.hex(bytes), "hex");
}
