// SPDX-License-Identifier: Apache-2.0
// The fleet's HTTPS API as a console uses it: questions with a token, and the stream of events with the moment at which each arrived.
import type { IncomingMessage } from "node:http";
import { type RequestOptions, request } from "node:https";

/** Where the fleet answers, and as whom it is asked. */
export interface FleetAccess {
  /** https://HOST:PORT */
  readonly url: string;
  readonly ca: string;
  /** Sent as `Authorization: Bearer`. */
  readonly token: string;
}

/** An event of the stream. */
export interface LiveEvent {
  readonly event: string;
  readonly data: string;
  /** When its last byte was read (ns, CLOCK_MONOTONIC: the same for all processes of the machine). */
  readonly ns: bigint;
}

/** One question. @param body sent as JSON when there is one @throws Error when the answer is none of success */
export async function ask<T>(
  access: FleetAccess,
  path: string,
  options: { readonly method?: string; readonly body?: unknown } = {},
): Promise<T> {
  const { method = options.body === undefined ? "GET" : "POST", body } = options;
  const sent = body === undefined ? undefined : JSON.stringify(body);
  const answer = await answerTo(access, path, {
    method,
    ...(sent !== undefined && { headers: { "content-type": "application/json" }, sent }),
  });
  const text = await textOf(answer);
  const { statusCode = 0 } = answer;
  if (statusCode >= 300) throw new Error(`${method} ${path}: ${statusCode} ${text.slice(0, 500)}`);
  return (text === "" ? undefined : JSON.parse(text)) as T;
}

/** The stream of what happens, until it is closed. */
export class LiveStream {
  readonly #answer: IncomingMessage;
  readonly #hear: (event: LiveEvent) => void;
  #rest = "";
  #closed = false;

  private constructor(answer: IncomingMessage, hear: (event: LiveEvent) => void) {
    this.#answer = answer;
    this.#hear = hear;
    answer.setEncoding("utf8").on("data", (text: string) => this.#take(text));
    answer.on("error", (error) => {
      if (!this.#closed) throw error;
    });
  }

  static async open(access: FleetAccess, hear: (event: LiveEvent) => void): Promise<LiveStream> {
    const answer = await answerTo(access, "/api/v1/events", { method: "GET" });
    if (answer.statusCode !== 200)
      throw new Error(`GET events: ${answer.statusCode} ${await textOf(answer)}`);
    return new LiveStream(answer, hear);
  }

  close(): void {
    this.#closed = true;
    this.#answer.destroy();
  }

  #take(text: string): void {
    const ns = process.hrtime.bigint();
    const blocks = `${this.#rest}${text}`.split("\n\n");
    this.#rest = blocks.pop() ?? "";
    for (const block of blocks) {
      const { event, data } = readBlock(block);
      if (data !== "") this.#hear({ event, data, ns });
    }
  }
}

function readBlock(block: string): { readonly event: string; readonly data: string } {
  const [data, found]: [string[], { event: string }] = [[], { event: "message" }];
  for (const line of block.split("\n")) {
    if (line.startsWith("event:")) found.event = line.slice(6).trim();
    else if (line.startsWith("data:")) data.push(line.slice(5).replace(/^ /, ""));
  }
  return { event: found.event, data: data.join("\n") };
}

type Asked = RequestOptions & { readonly sent?: string };

function answerTo(access: FleetAccess, path: string, asked: Asked): Promise<IncomingMessage> {
  const { sent, headers, ...options } = asked;
  return new Promise((done, fail) => {
    const asking = request(`${access.url}${path}`, {
      ...options,
      ca: access.ca,
      headers: { authorization: `Bearer ${access.token}`, ...headers },
    });
    asking.once("response", done).once("error", fail);
    asking.end(sent);
  });
}

async function textOf(answer: IncomingMessage): Promise<string> {
  answer.setEncoding("utf8");
  let text = "";
  for await (const part of answer) text += String(part);
  return text;
}
