// SPDX-License-Identifier: Apache-2.0
// A console of a test that listens to `GET /api/v1/events` of a fleet's server.
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import type { FleetServer } from "./fleet-server.ts";

export interface HeardEvent {
  readonly id: string;
  readonly event: string;
  readonly data: unknown;
}

export class EventStream {
  readonly #response: IncomingMessage;
  readonly #heard: HeardEvent[] = [];
  #text = "";
  #ended = false;
  #more: () => void = () => undefined;

  private constructor(response: IncomingMessage) {
    this.#response = response;
    response.setEncoding("utf8");
    response.on("data", (text: string) => this.#take(text));
    response.on("error", () => undefined);
    response.on("close", () => {
      this.#ended = true;
      this.#more();
    });
  }

  /** @param headers besides who it is; @throws Error: the answer is no stream */
  static open(
    server: Pick<FleetServer, "url" | "adminToken" | "context">,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<EventStream> {
    const authorization = `Bearer ${server.adminToken}`;
    return new Promise((resolve, reject) => {
      const asked = request(
        new URL("/api/v1/events", server.url),
        { ca: server.context.tls.ca, agent: false, headers: { authorization, ...headers } },
        (response) => {
          if (response.statusCode === 200) resolve(new EventStream(response));
          else reject(new Error(`status ${response.statusCode}`));
        },
      );
      asked.on("error", reject);
      asked.end();
    });
  }

  get status(): number {
    return this.#response.statusCode ?? 0;
  }

  /** The next event of one of these names, and nothing that came before it. @throws Error: the stream has ended */
  async next(...names: readonly string[]): Promise<HeardEvent> {
    this.#response.resume();
    for (;;) {
      const event = this.#heard.shift();
      if (event !== undefined && names.includes(event.event)) return event;
      if (event !== undefined) continue;
      if (this.#ended) throw new Error("the stream has ended");
      await new Promise<void>((resolve) => {
        this.#more = resolve;
      });
    }
  }

  /** Takes nothing from the connection, until `next` is asked for. */
  pause(): void {
    this.#response.pause();
  }

  close(): void {
    this.#response.destroy();
  }

  #take(text: string): void {
    this.#text += text;
    const parts = this.#text.split("\n\n");
    this.#text = parts.pop() ?? "";
    for (const part of parts) {
      const lines = new Map(
        part.split("\n").map((line): [string, string] => {
          const at = line.indexOf(": ");
          return [line.slice(0, at), line.slice(at + 2)];
        }),
      );
      const event = lines.get("event");
      if (event === undefined) continue;
      const data: unknown = JSON.parse(lines.get("data") ?? "null");
      this.#heard.push({ id: lines.get("id") ?? "", event, data });
    }
    this.#more();
  }
}
