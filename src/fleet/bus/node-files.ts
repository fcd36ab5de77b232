// SPDX-License-Identifier: Apache-2.0
// The files of a nats-server that is not started by `galgo fleet serve`: its configuration, a certificate, and what a leaf node shows its hub.
import { join, resolve } from "node:path";
import { newServerCertificate } from "../keys/certificate.ts";
import { privateFolder, writePrivate } from "../keys/files.ts";
import { openFleetKeys } from "../keys/fleet-keys.ts";
import { newBusKey } from "../keys/nkeys.ts";
import type { Endpoint } from "../server/options.ts";
import { leafConfig, nodeConfig } from "./nats-config.ts";
import { leafToken } from "./tokens.ts";

export interface NodeFilesTerms {
  readonly dataRoot: string;
  readonly name: string;
  /** Where they are written, and where they will lie on the node. */
  readonly output: string;
  readonly place?: string;
  readonly listen: Endpoint;
  /** For its certificate. */
  readonly names: readonly string[];
  readonly mqtt?: Endpoint;
  readonly leaf?: Endpoint;
  readonly cluster?: Endpoint;
  readonly routes?: readonly string[];
  /** Hubs of a leaf node. */
  readonly leafOf?: readonly string[];
  /** ms since 1970 */
  readonly now: number;
}

const CERTIFICATE_DAYS = 397;
const LEAF_SECONDS: number = 366 * 24 * 3_600;

/** Writes them. @returns paths as they were written @throws FleetStartError NO_DATA, BAD_KEY */
export function writeNodeFiles(terms: NodeFilesTerms): readonly string[] {
  const { now, name, names, listen } = terms;
  const keys = openFleetKeys(terms.dataRoot, now);
  const output = privateFolder(resolve(terms.output));
  const place = terms.place ?? output;
  const server = newServerCertificate(keys.ca, `galgo ${keys.fleet}`, {
    names,
    now,
    days: CERTIFICATE_DAYS,
  });
  const common = {
    keys,
    now,
    name,
    host: listen.host,
    port: listen.port,
    revocations: {},
    accounts: join(place, "accounts"),
    certificateFile: join(place, "tls.pem"),
    keyFile: join(place, "tls.key"),
  };
  const caFile = join(place, "ca.pem");
  const files: Record<string, string> = {
    "ca.pem": keys.ca.certificate,
    "tls.pem": server.certificate + keys.ca.certificate,
    "tls.key": server.key,
  };
  if (terms.leafOf === undefined) {
    const { mqtt, leaf, cluster, routes = [] } = terms;
    files["nats.conf"] = nodeConfig({
      ...common,
      streams: join(place, "streams"),
      ...(mqtt !== undefined && { mqtt }),
      ...(leaf !== undefined && { leaf }),
      ...(cluster !== undefined && { cluster: { ...cluster, name: keys.fleet, routes, caFile } }),
    });
  } else {
    const key = newBusKey("user");
    const token = leafToken(keys, key.publicText, now, LEAF_SECONDS);
    files["leaf.creds"] = credentialsText(token, key.seed);
    const credentialsFile = join(place, "leaf.creds");
    files["nats.conf"] = leafConfig({ ...common, hubs: terms.leafOf, caFile, credentialsFile });
  }
  for (const [file, text] of Object.entries(files)) writePrivate(join(output, file), text);
  return Object.keys(files).map((file) => join(output, file));
}

/** As servers and tools of NATS read it. */
function credentialsText(token: string, seed: string): string {
  return [
    "-----BEGIN NATS USER JWT-----",
    token,
    "------END NATS USER JWT------",
    "",
    "-----BEGIN USER NKEY SEED-----",
    seed,
    "------END USER NKEY SEED------",
    "",
  ].join("\n");
}
