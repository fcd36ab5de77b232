// SPDX-License-Identifier: Apache-2.0
// A model behind the link: each call is a message and its answer.
import { AgentError } from "./agent-errors.ts";
import { LinkClient, type LinkFaults, type LinkOptions } from "./link/link-client.ts";
import type { ModelAgent } from "./model-agent.ts";
import {
  DIGEST_BYTES,
  eventPayload,
  HEADER_BYTES,
  KIND,
  readCounts,
  verdictOf,
  type AgentCounts,
  type EventBytes,
  type Kind,
  type Verdict,
} from "./protocol.ts";

/** An agent that answers over a link; what came on it that was no answer is counted. */
export interface LinkAgent extends ModelAgent {
  readonly faults: LinkFaults;
}

/** Begins a session with an empty model. @throws AgentError GONE, LATE */
export function createLinkAgent(options: LinkOptions): LinkAgent {
  return new RemoteModel(options);
}

class RemoteModel implements LinkAgent {
  readonly name: string;
  readonly #link: LinkClient;

  constructor(options: LinkOptions) {
    this.name = options.name;
    this.#link = new LinkClient(options);
  }

  get capacity(): number {
    return this.#link.greeting.capacity;
  }

  get faults(): LinkFaults {
    return this.#link.faults;
  }

  load(coefficients: readonly string[]): void {
    const digests = Math.floor((this.#link.greeting.inputSize - HEADER_BYTES) / DIGEST_BYTES);
    const requests: { kind: Kind; payload: Uint8Array }[] = [];
    for (let from = 0; from < coefficients.length; from += digests) {
      const part = coefficients.slice(from, from + digests).join("");
      requests.push({ kind: KIND.load, payload: Buffer.from(part, "hex") });
    }
    for (const answer of this.#link.askAll(requests)) {
      if (answer[0] === 1) continue;
      const problem = `${this.name} does not take ${coefficients.length} behaviours: it has room for ${this.capacity}`;
      throw new AgentError("FULL", `${problem}, and takes none when its model is sealed`);
    }
  }

  setAggregate(hex: string): boolean {
    return this.#link.ask(KIND.aggregate, Buffer.from(hex, "hex"))[0] === 1;
  }

  setBase(hex: string): boolean {
    return this.#link.ask(KIND.base, Buffer.from(hex, "hex"))[0] === 1;
  }

  seal(): void {
    this.#link.ask(KIND.seal);
  }

  update(coefficient: string): Verdict {
    const answer = this.#link.ask(KIND.update, Buffer.from(coefficient, "hex"));
    return answer.length === 1 ? verdictOf(answer[0] ?? 0xff) : { none: "malformed" };
  }

  event(event: EventBytes): { verdict: Verdict; coefficient: string } | undefined {
    const payload = eventPayload(event, this.#link.greeting.inputSize - HEADER_BYTES);
    if (payload === undefined) return undefined;
    const answer = this.#link.ask(KIND.event, payload);
    if (answer.length !== 1 + DIGEST_BYTES) throw this.#odd("a verdict");
    return { verdict: verdictOf(answer[0] ?? 0xff), coefficient: hexOf(answer) };
  }

  state(): string {
    return this.#digest(KIND.state);
  }

  measurement(): string {
    return this.#digest(KIND.measurement);
  }

  counts(): AgentCounts {
    const counts = readCounts(this.#link.ask(KIND.counts));
    if (counts === undefined) throw this.#odd("counts");
    return counts;
  }

  reset(): void {
    this.#link.ask(KIND.reset);
  }

  close(): void {
    this.#link.close();
  }

  #digest(kind: Kind): string {
    const answer = this.#link.ask(kind);
    if (answer.length !== 1 + DIGEST_BYTES) throw this.#odd("a digest");
    if (answer[0] !== 1) {
      throw new AgentError(
        "FULL",
        `${this.name} has no such value: a behaviour found no room in it`,
      );
    }
    return hexOf(answer);
  }

  #odd(what: string): AgentError {
    return new AgentError("REFUSED", `${this.name}: its answer is not ${what}`);
  }
}

function hexOf(answer: Uint8Array): string {
  return Buffer.from(answer.subarray(1)).toString("hex");
}
