// SPDX-License-Identifier: Apache-2.0
// A real server of a fleet in this process: HTTPS and a nats-server of its own on loopback, its database in a temporary folder.
import { mkdtempSync, rmSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import type { FleetOptions } from "../../src/fleet/index.ts";
import { type RunningFleet, startFleet } from "../../src/fleet/index.ts";
import { type BusKey, newBusKey } from "../../src/fleet/keys/nkeys.ts";
import type { FleetContext } from "../../src/fleet/server/context.ts";
import { namesOneOf } from "../../src/native/tls-names.ts";
import type { EnrolTokenMade, EnrolTokenOrder } from "../../src/wire/api/index.ts";
import {
  type EnrolAnswer,
  type EnrolAsk,
  inboxPrefix,
  readEnrolAnswer,
} from "../../src/wire/link/index.ts";

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly text: string;
  /** The body as JSON; undefined when it is none. */
  readonly body: unknown;
}

export interface ApiAsk {
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Shown as bearer; default: the local administrator's. "" = none */
  readonly token?: string;
}

export interface TestHost {
  readonly key: BusKey;
  readonly enrolled: EnrolAnswer;
  /** Connects as this host. */
  connect(): Promise<NatsConnection>;
}

export class FleetServer {
  readonly running: RunningFleet;
  readonly folder: string;
  /** What it has told people. */
  readonly told: readonly string[];

  private constructor(running: RunningFleet, folder: string, told: readonly string[]) {
    this.running = running;
    this.folder = folder;
    this.told = told;
  }

  /** @param options instead of the defaults: port 0 on loopback, SQLite and NATS in the folder; `dataRoot` of an earlier one to start it again */
  static async start(options: Partial<FleetOptions> = {}): Promise<FleetServer> {
    const folder = options.dataRoot ?? mkdtempSync(join(tmpdir(), "galgo-fleet-"));
    const told: string[] = [];
    try {
      const running = await startFleet({
        version: "test",
        dataRoot: folder,
        listen: { host: "127.0.0.1", port: 0 },
        db: "sqlite:",
        tell: (word, text) => told.push(`${word}: ${text}`),
        ...options,
      });
      return new FleetServer(running, folder, told);
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  get context(): FleetContext {
    return this.running.context;
  }

  get url(): string {
    return this.running.url;
  }

  get adminToken(): string {
    return this.context.keys.adminToken;
  }

  /** One request over TLS that believes the fleet's CA and nothing else. */
  async api(path: string, ask: ApiAsk = {}): Promise<ApiAnswer> {
    const { method = ask.body === undefined ? "GET" : "POST", token = this.adminToken } = ask;
    const text = ask.body === undefined ? undefined : JSON.stringify(ask.body);
    const headers = {
      ...(text !== undefined && { "content-type": "application/json" }),
      "content-length": `${Buffer.byteLength(text ?? "")}`,
      ...(token !== "" && { authorization: `Bearer ${token}` }),
      ...ask.headers,
    };
    return send(new URL(this.url), { path, method, headers, ca: this.context.tls.ca, text });
  }

  async enrolToken(order: EnrolTokenOrder = {}): Promise<EnrolTokenMade> {
    const { status, body, text } = await this.api("/api/v1/enrol-tokens", { body: order });
    if (status !== 201) throw new Error(`no token: ${text}`);
    return body as EnrolTokenMade;
  }

  /** A host that has joined over the real protocol. */
  async host(ask: Partial<EnrolAsk> = {}): Promise<TestHost> {
    const key = newBusKey("user");
    const token = ask.token ?? (await this.enrolToken()).token;
    const order: EnrolAsk = { v: 1, token, key: key.publicText, name: "host", ...ask };
    const { status, body, text } = await this.api("/enrol", { body: order, token: "" });
    if (status !== 201) throw new Error(`not enrolled: ${text}`);
    const enrolled = readEnrolAnswer(body);
    return { key, enrolled, connect: () => connectHost(key, enrolled) };
  }

  /** Ends it and removes its folder. */
  async close(): Promise<void> {
    await this.running.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Connects to the bus as a host. */
export async function connectHost(
  key: BusKey,
  { host, jwt, ca, servers }: Pick<EnrolAnswer, "host" | "jwt" | "ca" | "servers">,
): Promise<NatsConnection> {
  const tls = { ca, checkServerIdentity: namesOneOf(servers) };
  return connect({
    servers: [...servers],
    tls,
    inboxPrefix: inboxPrefix(host),
    reconnect: false,
    authenticator: (nonce) => ({
      nkey: key.publicText,
      sig: Buffer.from(key.sign(Buffer.from(nonce ?? ""))).toString("base64url"),
      jwt,
    }),
  });
}

interface Sent {
  /** As it is, also when no browser would send it. */
  readonly path: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly ca: string;
  readonly text: string | undefined;
}

async function send(url: URL, { path, method, headers, ca, text }: Sent): Promise<ApiAnswer> {
  return new Promise((done, fail) => {
    const asked = request(url, { path, method, headers, ca, agent: false }, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("error", fail);
      response.on("end", () => {
        const answer = Buffer.concat(parts).toString("utf8");
        const { statusCode: status = 0 } = response;
        done({ status, headers: response.headers, text: answer, body: jsonOf(answer) });
      });
    });
    asked.on("error", fail);
    asked.end(text);
  });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
