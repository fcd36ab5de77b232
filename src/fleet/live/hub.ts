// SPDX-License-Identifier: Apache-2.0
// What consoles of one server are told: everything that any server tells on the bus, in order, and from where they were when they come back.
import { randomBytes } from "node:crypto";
import { quote } from "../../base/quote.ts";
import { SERVER_SUBJECTS, writeMessage } from "../../wire/link/index.ts";
import type { FleetContext, Live } from "../server/context.ts";
import { MAX_REMEMBERED } from "./limits.ts";

/** One event, as text of a stream of events (HTML, server-sent events). */
export interface LiveEvent {
  /** The same on all servers. */
  readonly id: string;
  readonly name: string;
  readonly text: string;
}

/** Whoever listens. It must not throw. */
export type Listener = (event: LiveEvent) => void;

/** Names of events, and so last words of subjects. */
const NAME = /^[a-z][a-z-]{0,31}$/;
const PREFIX = SERVER_SUBJECTS.live.slice(0, -1);

export class LiveHub implements Live {
  readonly #bus: FleetContext["bus"];
  readonly #tell: FleetContext["tell"];
  /** Of this server, since it began. */
  readonly #own: string = randomBytes(6).toString("hex");
  readonly #remembered: LiveEvent[] = [];
  readonly #listeners = new Set<Listener>();
  readonly #watching: Listener[] = [];
  #count = 0;
  /** Events that came from the bus. */
  heard = 0;

  constructor({ bus, tell }: Pick<FleetContext, "bus" | "tell">) {
    this.#bus = bus;
    this.#tell = tell;
    bus.subscribe(SERVER_SUBJECTS.live, ({ subject, data }) => this.#hear(subject, data));
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  /** To consoles of all servers. @param name as `violation` */
  tell(name: string, row: object): void {
    if (!NAME.test(name)) throw new RangeError(`${quote(name)} is no name of an event`);
    this.#count += 1;
    const event = { id: `${this.#own}-${this.#count}`, row };
    try {
      this.#bus.publish(`${PREFIX}${name}`, writeMessage(event, `an event ${name}`));
    } catch (error) {
      this.#tell("warning", `consoles were not told of a ${name}: ${quote(String(error))}`);
    }
  }

  /** To consoles of this server, and not to be repeated. */
  tellHere(name: string, row: object): void {
    const event = { id: "", name, text: textOf("", name, row) };
    for (const listener of this.#listeners) listener(event);
  }

  /**
   * @param after id of the event that it had last; undefined: from now on
   * @returns what it has missed; undefined: nobody knows any more, it has to read all anew
   */
  listen(listener: Listener, after: string | undefined): readonly LiveEvent[] | undefined {
    this.#listeners.add(listener);
    if (after === undefined) return [];
    const at = this.#remembered.findIndex(({ id }) => id === after);
    return at === -1 ? undefined : this.#remembered.slice(at + 1);
  }

  /** For parts of the server: not counted among the consoles. */
  watch(listener: Listener): void {
    this.#watching.push(listener);
  }

  leave(listener: Listener): void {
    this.#listeners.delete(listener);
  }

  #hear(subject: string, data: Uint8Array): void {
    const name = subject.slice(PREFIX.length);
    const event = NAME.test(name) ? eventOf(name, data) : undefined;
    // Only servers may publish there
    if (event === undefined) {
      this.#tell("warning", `an event at ${quote(subject, 80)} is none`);
      return;
    }
    this.heard += 1;
    this.#remembered.push(event);
    if (this.#remembered.length > MAX_REMEMBERED) this.#remembered.shift();
    for (const listener of this.#watching) listener(event);
    for (const listener of this.#listeners) listener(event);
  }
}

function eventOf(name: string, data: Uint8Array): LiveEvent | undefined {
  try {
    const { id, row } = JSON.parse(Buffer.from(data).toString("utf8")) as Record<string, unknown>;
    if (typeof id !== "string" || !/^[\w-]{1,64}$/.test(id)) return undefined;
    return { id, name, text: textOf(id, name, row) };
  } catch {
    return undefined;
  }
}

/** JSON has no line breaks of its own. */
function textOf(id: string, name: string, row: unknown): string {
  const line = id === "" ? "" : `id: ${id}\n`;
  return `${line}event: ${name}\ndata: ${JSON.stringify(row)}\n\n`;
}
