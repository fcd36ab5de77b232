// SPDX-License-Identifier: Apache-2.0
// A model in a Sancho device: it maps the events that it is given itself, as Quixote of 2025 does, and says RELEASE or DISCIPLINE.
import {
  flatRecord,
  isModelledByQuixote,
  RecordError,
  writeTsemRecord,
} from "../../event/index.ts";
import type { SecurityEvent, TsemRecord } from "../../event/index.ts";
import { AgentError } from "../agent-errors.ts";
import type { ModelAgent } from "../model-agent.ts";
import { DIGEST_BYTES, type AgentCounts, type Verdict } from "../protocol.ts";
import { coefficientIn, digestIn, replyText, verdictIn } from "./replies.ts";
import { SanchoClient, type SanchoOptions } from "./sancho-client.ts";

/** How events are spelled: `flat` as for microcontrollers, `json` as for Xen domains: the record of a TSEM kernel. */
export type SanchoEvents = "flat" | "json";

const ZEROS = "00".repeat(DIGEST_BYTES);

/**
 * Begins with an empty model: a device that has one is told to reset.
 * @throws AgentError GONE, LATE, REFUSED
 */
export function createSanchoAgent(options: SanchoOptions, events: SanchoEvents): ModelAgent {
  return new SanchoAgent(new SanchoClient(options), events);
}

class SanchoAgent implements ModelAgent {
  /** A device does not say; what it has no room for it does not take. */
  readonly capacity = Number.MAX_SAFE_INTEGER;
  readonly #client: SanchoClient;
  readonly #events: SanchoEvents;
  #verdicts = 0;
  #hasAggregate = false;

  constructor(client: SanchoClient, events: SanchoEvents) {
    this.#client = client;
    this.#events = events;
    client.settle();
    if (!this.#isEmpty()) this.reset();
  }

  get name(): string {
    return this.#client.name;
  }

  load(coefficients: readonly string[]): void {
    this.#needAggregate();
    this.#loadLines(coefficients.map((one) => `state ${one}`));
  }

  setAggregate(hex: string): boolean {
    this.#hasAggregate = true;
    this.#ok(`aggregate ${hex}`);
    return true;
  }

  setBase(hex: string): boolean {
    this.#loadLines([`base ${hex}`]);
    return true;
  }

  seal(): void {
    this.#needAggregate();
    this.#ok("seal");
  }

  update(_: string, event?: SecurityEvent): Verdict {
    if (event === undefined) {
      throw new AgentError("REFUSED", `${this.name} takes events, and there is none to give it`);
    }
    this.#needAggregate();
    const { pid } = event;
    const line = this.#spelled(event);
    const valid = this.#client.ask(`export ${line}`, (payload) => verdictIn(payload, pid));
    this.#verdicts++;
    // it does not say whether it was new to it
    return { valid, added: false };
  }

  event(): undefined {
    return undefined;
  }

  state(): string {
    return this.#client.ask("show state", digestIn, true);
  }

  measurement(): string {
    return this.#client.ask("show measurement", digestIn, true);
  }

  counts(): AgentCounts {
    const valid = this.#client.list("show coefficients", coefficientIn).length;
    const invalid = this.#client.list("show forensics_coefficients", coefficientIn).length;
    return { points: valid + invalid, invalid, verdicts: this.#verdicts };
  }

  reset(): void {
    this.#client.tell("reset");
    this.#client.settle();
    this.#hasAggregate = false;
    this.#verdicts = 0;
    if (this.#isEmpty()) return;
    const why = "has a model already, and keeps it when it is told to reset";
    throw new AgentError("REFUSED", `${this.name} ${why}; start it anew`);
  }

  close(): void {
    this.#client.close();
  }

  /** A device that has had an aggregate, or any event, has a measurement. */
  #isEmpty(): boolean {
    if (this.measurement() !== ZEROS) return false;
    return this.#client.list("show coefficients", coefficientIn).length === 0;
  }

  /** It takes zeros by itself with the first event, which would be after what was loaded. */
  #needAggregate(): void {
    if (!this.#hasAggregate) this.setAggregate(ZEROS);
  }

  /** It answers no event between a line and `end`. */
  #loadLines(lines: readonly string[]): void {
    for (const line of [...lines, "end"]) this.#ok(`load ${line}`);
  }

  #ok(command: string): void {
    this.#client.ask(command, (payload) => (replyText(payload) === "OK" ? true : undefined));
  }

  #spelled(event: SecurityEvent): string {
    const told = { ...event, process: plainName(event.process) } as SecurityEvent;
    // of such a hook it looks at the name only
    const bare = isModelledByQuixote(event.hook) ? [] : [{ ...told, cell: {} } as SecurityEvent];
    let problem: RecordError | undefined;
    for (const one of [told, ...bare]) {
      try {
        return this.#spell({ kind: "event", event: one });
      } catch (error) {
        if (!(error instanceof RecordError)) throw error;
        problem ??= error;
      }
    }
    const why = `${this.name} can not be told of this event: ${problem?.message}`;
    const advice = this.#events === "flat" ? "; --tma sancho:DEVICE,events=json has more" : "";
    throw new AgentError("REFUSED", `${why}${advice}`, { cause: problem });
  }

  #spell(record: TsemRecord): string {
    return this.#events === "json" ? writeTsemRecord(record, "quixote") : flatRecord(record);
  }
}

/** The name of a process is no part of a behaviour, and may hold anything. */
function plainName(process: string): string {
  const plain = process.replace(/[^ -~]|[{}=,"\\]/gu, "?");
  return plain === "" ? "?" : plain;
}
