// SPDX-License-Identifier: Apache-2.0
// Batches by HTTP POST, signed. 2xx is the acknowledgement; whatever else is answered is tried again for ever, what says "not this" some times.
import { createHmac } from "node:crypto";
import { Agent as HttpAgent, type IncomingMessage, request as httpRequest } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { quote } from "../../../base/quote.ts";
import { SinkError, wordsOf } from "../errors.ts";
import { MAX_ANSWER_BYTES, MAX_MESSAGE_BYTES, MAX_PAUSE_MS } from "../limits.ts";
import type { Message, Sink } from "./sink.ts";
import type { TlsFiles } from "./tls.ts";

export interface WebhookOptions {
  /** http: or https: */
  readonly url: URL;
  /** Key of the signature. */
  readonly secret?: string;
  /** Header name to value. */
  readonly headers?: Readonly<Record<string, string>>;
  /** json-lines: one entry a line. json: one array. */
  readonly body: "json-lines" | "json";
  readonly tls?: TlsFiles;
}

/** Answers that mean what was sent. All others (a wrong address, an old key, too much at once) may be another one later. */
const UNWANTED = new Set([400, 413, 415, 422]);

export function webhookSink(options: WebhookOptions): Sink {
  return new WebhookSink(options);
}

/**
 * Value of the header Galgo-Signature: `t=<seconds>,v1=<hex>`, HMAC-SHA-256 over `<seconds>.<body>`. The time is signed so that an old
 * request can not be sent again by somebody else.
 */
export function signatureOf(secret: string, seconds: number, body: string): string {
  const mac = createHmac("sha256", secret).update(`${seconds}.${body}`, "utf8").digest("hex");
  return `t=${seconds},v1=${mac}`;
}

class WebhookSink implements Sink {
  readonly target: string;
  readonly maxMessageBytes = MAX_MESSAGE_BYTES;
  readonly #options: WebhookOptions;
  readonly #agent: HttpAgent | HttpsAgent;
  readonly #secure: boolean;

  constructor(options: WebhookOptions) {
    this.#options = options;
    const { url, tls } = options;
    this.#secure = url.protocol === "https:";
    this.#agent = this.#secure
      ? new HttpsAgent({ keepAlive: true, maxSockets: 1, ...tls })
      : new HttpAgent({ keepAlive: true, maxSockets: 1 });
    // the rest of it may be a secret: with many services who knows the path may post
    this.target = quote(`${url.protocol}//${url.host}`);
  }

  async send(messages: readonly Message[], signal: AbortSignal): Promise<void> {
    const texts = messages.map(({ text }) => text);
    const lines = this.#options.body === "json-lines";
    const body = lines ? `${texts.join("\n")}\n` : `[${texts.join(",")}]`;
    const first = messages[0]?.entry.id ?? "";
    const last = messages.at(-1)?.entry.id ?? "";
    const answer = await this.#post(body, { "galgo-first": first, "galgo-last": last }, signal);
    const status = answer.statusCode ?? 0;
    if (status >= 200 && status < 300) {
      answer.resume();
      return;
    }
    const said = await shortText(answer);
    const words = `HTTP ${status}${said === "" ? "" : ` ${quote(said, 200)}`}`;
    if (UNWANTED.has(status)) throw new SinkError("REFUSED", words);
    await waitAsTold(answer, signal);
    throw new SinkError("UNREACHABLE", words);
  }

  async close(): Promise<void> {
    this.#agent.destroy();
  }

  async #post(
    body: string,
    marks: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    const { url, secret, headers, body: form } = this.#options;
    const seconds = Math.floor(Date.now() / 1_000);
    const request = (this.#secure ? httpsRequest : httpRequest)(url, {
      method: "POST",
      agent: this.#agent,
      signal,
      headers: {
        "content-type": form === "json-lines" ? "application/x-ndjson" : "application/json",
        "content-length": Buffer.byteLength(body),
        "user-agent": "galgo",
        ...marks,
        ...(secret === undefined ? {} : { "galgo-signature": signatureOf(secret, seconds, body) }),
        ...headers,
      },
    });
    return new Promise((resolve, reject) => {
      request.once("response", resolve);
      request.once("error", (cause) =>
        reject(new SinkError("UNREACHABLE", wordsOf(cause), { cause })),
      );
      request.end(body);
    });
  }
}

async function shortText(answer: IncomingMessage): Promise<string> {
  let text = "";
  answer.setEncoding("utf8");
  try {
    for await (const piece of answer) {
      text += piece as string;
      if (text.length >= MAX_ANSWER_BYTES) break;
    }
  } catch {
    // the status says enough
  }
  return text.trim();
}

/** Retry-After in seconds, as far as that is not longer than our own longest pause. */
async function waitAsTold(answer: IncomingMessage, signal: AbortSignal): Promise<void> {
  const seconds = Number(answer.headers["retry-after"]);
  if (!(seconds > 0) || signal.aborted) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, Math.min(seconds * 1_000, MAX_PAUSE_MS / 2));
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
