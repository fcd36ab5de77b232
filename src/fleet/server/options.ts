// SPDX-License-Identifier: Apache-2.0
// What a server is started with.
import { isIP } from "node:net";
import { quote } from "../../base/quote.ts";
import type { OidcConfig } from "../auth/oidc-config.ts";
import { FleetStartError } from "../errors.ts";
import type { TlsGiven } from "../keys/tls.ts";

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

export interface FleetOptions {
  readonly version: string;
  /** Folder of the keys, of the embedded database and of the bus. */
  readonly dataRoot: string;
  /** HTTPS; port 0: one that is free. */
  readonly listen: Endpoint;
  /** sqlite:, sqlite:PATH or postgres://... */
  readonly db: string;
  /** DNS names and addresses under which hosts reach this server. Default: where it listens. */
  readonly names?: readonly string[];
  readonly tls?: TlsGiven;
  /** Another service that users may log in at. */
  readonly oidc?: OidcConfig;
  /** A bus that runs already: tls://HOST:PORT. Without it one is started. */
  readonly nats?: readonly string[];
  /** PEM file of the CA that the servers of `nats` are known by; default: the fleet's own. */
  readonly natsCa?: string;
  /** What hosts are told to connect to; default: `nats`, or the names of this server. */
  readonly natsPublic?: readonly string[];
  /** Where the bus that is started listens. Default: the host of `listen` and a port that is free, the same at the next start. */
  readonly natsListen?: Endpoint;
  /** Where it takes MQTT 3.1.1, and leaf nodes; default: nowhere. */
  readonly mqttListen?: Endpoint;
  readonly leafListen?: Endpoint;
  /** Copies of the stream of events. Default: 1 of the bus that is started, else 3. */
  readonly replicas?: number;
  /** Violations, notices, workloads that are gone and their processes are deleted after so many days; default: never. */
  readonly keepDays?: number;
  tell(word: "info" | "warning" | "error", text: string): void;
}

const ENDPOINT = /^(?:\[([0-9a-f:.]+)\]|([^:[\]/]+)):(\d{1,5})$/i;
const DNS_NAME =
  /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/i;

/** HOST:PORT or [ADDRESS]:PORT. @param option its name, for messages @throws FleetStartError BAD_OPTION */
export function parseEndpoint(text: string, option: string): Endpoint {
  const [, address, name, digits] = ENDPOINT.exec(text) ?? [];
  const host = address ?? name ?? "";
  const port = Number(digits);
  const isHost = address === undefined ? isName(host) : isIP(host) === 6;
  if (isHost && port <= 65_535) return { host, port };
  throw new FleetStartError(
    "BAD_OPTION",
    `${option} takes HOST:PORT or [ADDRESS]:PORT, not ${quote(text, 120)}`,
  );
}

/** A DNS name or an address. */
export function isName(text: string): boolean {
  return isIP(text) !== 0 || DNS_NAME.test(text);
}

/** "[::1]" in URLs. */
export function urlHost(host: string): string {
  return isIP(host) === 6 ? `[${host}]` : host;
}
