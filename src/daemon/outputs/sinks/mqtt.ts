// SPDX-License-Identifier: Apache-2.0
// MQTT, in the way of Quixote's export: user tsem, keep-alive of 60 s, a clean session, nothing retained; one record a message, or several, each with
// its newline. Other than there the quality of service is 1, so that the broker acknowledges what it has.
import { hostname } from "node:os";
import { connect, type IClientOptions, type MqttClient } from "mqtt";
import { quote } from "../../../base/quote.ts";
import { SinkError, wordsOf } from "../errors.ts";
import { MAX_JOINED_BYTES, MAX_MESSAGE_BYTES } from "../limits.ts";
import type { Message, Sink } from "./sink.ts";
import type { TlsFiles } from "./tls.ts";

const KEEPALIVE_S = 60;
const CONNECT_TIMEOUT_MS = 10_000;

export interface MqttOptions {
  /** mqtt: or mqtts: */
  readonly url: URL;
  /** `{name}`, `{kind}` and `{host}` stand for the workload's name, the kind of entry, and this machine. */
  readonly topic: string;
  readonly user: string;
  readonly password?: string;
  readonly qos: 0 | 1;
  /** Most records in one message. */
  readonly queue: number;
  readonly tls?: TlsFiles;
}

export function mqttSink(options: MqttOptions): Sink {
  return new MqttSink(options);
}

interface Publication {
  readonly topic: string;
  readonly payload: string;
}

class MqttSink implements Sink {
  readonly target: string;
  readonly maxMessageBytes = MAX_MESSAGE_BYTES;
  readonly #options: MqttOptions;
  #client: MqttClient | undefined;

  constructor(options: MqttOptions) {
    this.#options = options;
    this.target = quote(`${options.url.protocol}//${options.url.host}`);
  }

  async send(messages: readonly Message[], signal: AbortSignal): Promise<void> {
    try {
      const client = await this.#connected(signal);
      await publishAll(client, publicationsOf(messages, this.#options), this.#options.qos, signal);
    } catch (error) {
      // whatever is under way on this connection comes again on the next one
      this.#drop();
      throw new SinkError("UNREACHABLE", wordsOf(error), { cause: error });
    }
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    await client?.endAsync().catch(() => undefined);
  }

  async #connected(signal: AbortSignal): Promise<MqttClient> {
    if (this.#client?.connected === true) return this.#client;
    this.#drop();
    const { url, user, password, tls } = this.#options;
    const settings: IClientOptions = {
      username: user,
      ...(password === undefined ? {} : { password }),
      keepalive: KEEPALIVE_S,
      clean: true,
      // the pump tries again, at its own pace
      reconnectPeriod: 0,
      connectTimeout: CONNECT_TIMEOUT_MS,
      queueQoSZero: false,
      ...tls,
    };
    const bare = new URL(url);
    bare.username = "";
    bare.password = "";
    this.#client = await connected(connect(bare.href, settings), signal);
    return this.#client;
  }

  #drop(): void {
    this.#client?.end(true);
    this.#client = undefined;
  }
}

/** Resolves when the broker has taken the client; else the client is ended. */
async function connected(client: MqttClient, signal: AbortSignal): Promise<MqttClient> {
  // an error without a listener would end the daemon; each also closes the connection
  client.on("error", () => undefined);
  try {
    await new Promise<void>((resolve, reject) => {
      client.once("connect", () => resolve());
      client.once("error", reject);
      client.once("close", () => reject(new Error("the broker does not answer")));
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
  } catch (error) {
    client.end(true);
    throw error;
  }
  return client;
}

/** Messages of one topic in a row become one publication, up to `queue` of them and MAX_JOINED_BYTES. */
function publicationsOf(messages: readonly Message[], options: MqttOptions): Publication[] {
  const found: { topic: string; payload: string; count: number; bytes: number }[] = [];
  for (const { entry, text } of messages) {
    const topic = topicOf(options.topic, entry.workload?.name ?? "daemon", entry.kind);
    const last = found.at(-1);
    const bytes = Buffer.byteLength(text) + 1;
    const fits = last !== undefined && last.bytes + bytes <= MAX_JOINED_BYTES;
    if (fits && last.topic === topic && last.count < options.queue) {
      last.payload += `${text}\n`;
      last.count += 1;
      last.bytes += bytes;
    } else found.push({ topic, payload: `${text}\n`, count: 1, bytes });
  }
  return found;
}

/** Names hold nothing that has a meaning in a topic. */
function topicOf(template: string, name: string, kind: string): string {
  return template
    .replaceAll("{name}", name)
    .replaceAll("{kind}", kind)
    .replaceAll("{host}", hostname().replace(/[+#/\0]/g, "_"));
}

/** Resolves when the broker has acknowledged all. */
async function publishAll(
  client: MqttClient,
  publications: readonly Publication[],
  qos: 0 | 1,
  signal: AbortSignal,
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    let left = publications.length;
    const settle = (error?: unknown): void => {
      client.off("close", closed);
      signal.removeEventListener("abort", aborted);
      if (error === undefined) resolve();
      else reject(error);
    };
    const closed = (): void => settle(new Error("the broker has closed the connection"));
    const aborted = (): void => settle(signal.reason);
    client.once("close", closed);
    signal.addEventListener("abort", aborted, { once: true });
    for (const { topic, payload } of publications) {
      client.publish(topic, payload, { qos, retain: false }, (error) => {
        if (error != null) settle(error);
        else if (--left === 0) settle();
      });
    }
    if (signal.aborted) aborted();
  });
}
