// SPDX-License-Identifier: Apache-2.0
// Configurations of nats-server for a fleet: the one that is started with the server, nodes of a cluster, leaf nodes. Texts are quoted: none of
// them can begin another setting.
import type { FleetKeys } from "../keys/fleet-keys.ts";
import { BUS_AUTH_SECONDS, MAX_BUS_BYTES, MAX_BUS_CONNECTIONS } from "../limits.ts";
import { accountToken, operatorToken, type Revocations, systemToken } from "./tokens.ts";

/** What all servers of a bus share. */
export interface TrustTerms {
  readonly keys: FleetKeys;
  readonly now: number;
  /** Folder of the accounts, which change when a host is revoked. */
  readonly accounts: string;
  readonly revocations: Revocations;
}

/** The operator that the server believes, and its accounts. */
export function trustLines({ keys, now, accounts, revocations }: TrustTerms): readonly string[] {
  const { account, system } = keys;
  return [
    `operator: ${quoted(operatorToken(keys, now))}`,
    `system_account: ${system.publicText}`,
    `resolver { type: full, dir: ${quoted(accounts)}, allow_delete: false, interval: "1m", timeout: "2s" }`,
    "resolver_preload {",
    `  ${account.publicText}: ${quoted(accountToken(keys, now, revocations))}`,
    `  ${system.publicText}: ${quoted(systemToken(keys, now))}`,
    "}",
    `max_payload: ${MAX_BUS_BYTES}`,
    `max_connections: ${MAX_BUS_CONNECTIONS}`,
    `authorization { timeout: ${BUS_AUTH_SECONDS} }`,
    'write_deadline: "10s"',
    'ping_interval: "30s"',
    "ping_max: 3",
  ];
}

export interface TlsFiles {
  readonly certificateFile: string;
  readonly keyFile: string;
}

export function tlsBlock({ certificateFile, keyFile }: TlsFiles): string {
  return `tls { cert_file: ${quoted(certificateFile)}, key_file: ${quoted(keyFile)}, timeout: ${BUS_AUTH_SECONDS} }`;
}

export interface NodeTerms extends TrustTerms, TlsFiles {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** Folder of the streams. */
  readonly streams: string;
  readonly pidFile?: string;
  /** Folder in which it says where it listens, when it does. */
  readonly portsFolder?: string;
  /** HOST:PORT where devices speak MQTT 3.1.1; undefined: nowhere. */
  readonly mqtt?: { readonly host: string; readonly port: number };
  /** HOST:PORT for leaf nodes; undefined: nowhere. */
  readonly leaf?: { readonly host: string; readonly port: number };
  readonly cluster?: {
    readonly name: string;
    readonly host: string;
    readonly port: number;
    /** HOST:PORT of the others. */
    readonly routes: readonly string[];
    /** The CA whose certificates the nodes show each other: who has none is no node. */
    readonly caFile: string;
  };
}

/** A node of the bus with JetStream: alone, or one of a cluster. */
export function nodeConfig(terms: NodeTerms): string {
  const { name, host, port, streams, pidFile, portsFolder, mqtt, leaf, cluster } = terms;
  const tls = tlsBlock(terms);
  const lines = [
    `server_name: ${quoted(name)}`,
    `host: ${quoted(host)}`,
    `port: ${port}`,
    ...(pidFile === undefined ? [] : [`pid_file: ${quoted(pidFile)}`]),
    ...(portsFolder === undefined ? [] : [`ports_file_dir: ${quoted(portsFolder)}`]),
    tls,
    ...trustLines(terms),
    `jetstream { store_dir: ${quoted(streams)} }`,
    ...(mqtt === undefined
      ? []
      : [`mqtt { host: ${quoted(mqtt.host)}, port: ${mqtt.port}, ${tls} }`]),
    ...(leaf === undefined
      ? []
      : [`leafnodes { host: ${quoted(leaf.host)}, port: ${leaf.port}, ${tls} }`]),
  ];
  if (cluster !== undefined) {
    const routes = cluster.routes.map((route) => quoted(`nats-route://${route}`)).join(", ");
    const { certificateFile, keyFile } = terms;
    const both = `tls { cert_file: ${quoted(certificateFile)}, key_file: ${quoted(keyFile)}, ca_file: ${quoted(cluster.caFile)}, verify: true, timeout: ${BUS_AUTH_SECONDS} }`;
    lines.push(
      `cluster { name: ${quoted(cluster.name)}, host: ${quoted(cluster.host)}, port: ${cluster.port}, routes: [${routes}], ${both} }`,
    );
  }
  return `${lines.join("\n")}\n`;
}

export interface LeafTerms extends TrustTerms, TlsFiles {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** Where the bus takes leaf nodes: tls://HOST:PORT */
  readonly hubs: readonly string[];
  readonly caFile: string;
  readonly credentialsFile: string;
}

/** A node near hosts that passes on what they say; it keeps nothing. */
export function leafConfig(terms: LeafTerms): string {
  const { name, host, port, hubs, caFile, credentialsFile, keys } = terms;
  const urls = hubs.map(quoted).join(", ");
  const lines = [
    `server_name: ${quoted(name)}`,
    `host: ${quoted(host)}`,
    `port: ${port}`,
    tlsBlock(terms),
    ...trustLines(terms),
    "leafnodes {",
    `  remotes: [{ urls: [${urls}], account: ${keys.account.publicText}, credentials: ${quoted(credentialsFile)}, tls { ca_file: ${quoted(caFile)}, timeout: ${BUS_AUTH_SECONDS} } }]`,
    "}",
  ];
  return `${lines.join("\n")}\n`;
}

/** Text between double quotes, as nats-server reads it. */
export function quoted(text: string): string {
  return `"${text.replace(/["\\\n\r\t]/g, (char) => ESCAPES[char] ?? "")}"`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
};
