// SPDX-License-Identifier: Apache-2.0
// The keys of a fleet, in DATA/keys: made when there are none, and the same for every server of the fleet (a second one gets a copy of the folder).
import { createHash, generateKeyPairSync, randomBytes, X509Certificate } from "node:crypto";
import { join } from "node:path";
import type { Signer } from "../../attest/keys/keys.ts";
import { CodedError } from "../../base/errors.ts";
import { quote } from "../../base/quote.ts";
import { publicPem, readSigner } from "../../quote/key-files.ts";
import type { NkeyKind } from "../../wire/link/index.ts";
import { FleetStartError } from "../errors.ts";
import { type Certified, newCertificateAuthority } from "./certificate.ts";
import { privateFolder, readPrivate, writeNewPrivate } from "./files.ts";
import { type BusKey, busKeyOfSeed, newBusKey } from "./nkeys.ts";

export interface FleetKeys {
  readonly folder: string;
  /** Given out once, in the first start. */
  readonly fleet: string;
  /** Keys of the bus: who vouches for the accounts, the account of hosts and servers, that of the bus itself, and the user that servers are. */
  readonly operator: BusKey;
  readonly account: BusKey;
  readonly system: BusKey;
  readonly server: BusKey;
  readonly ca: Certified;
  /** Signs commands. */
  readonly command: Signer;
  /** PEM; what hosts pin. */
  readonly commandPem: string;
  /** Signs versions of models that were approved here. */
  readonly model: Signer;
  /** For the administrator of this machine: `Authorization: Bearer ...` on the API. */
  readonly adminToken: string;
}

const BUS: Readonly<Record<"operator" | "account" | "system" | "server", NkeyKind>> = {
  operator: "operator",
  account: "account",
  system: "account",
  server: "user",
};

/** @throws FleetStartError NO_DATA, BAD_KEY */
export function openFleetKeys(dataRoot: string, now: number): FleetKeys {
  const folder = privateFolder(join(dataRoot, "keys"));
  const bus = (name: keyof typeof BUS): BusKey => {
    const file = join(folder, `${name}.nk`);
    const text = kept(file, () => `${newBusKey(BUS[name]).seed}\n`);
    return readable(file, () => busKeyOfSeed(BUS[name], text));
  };
  const fleet = kept(
    join(folder, "fleet"),
    () => `fleet-${randomBytes(4).toString("hex")}\n`,
  ).trim();
  const command = signer(folder, "command.pem");
  const token = join(dataRoot, "admin-token");
  return {
    folder,
    fleet,
    operator: bus("operator"),
    account: bus("account"),
    system: bus("system"),
    server: bus("server"),
    ca: authority(folder, fleet, now),
    command,
    commandPem: publicPem(command.key),
    model: signer(folder, "model.pem"),
    adminToken: kept(token, () => `${randomBytes(32).toString("base64url")}\n`).trim(),
  };
}

function signer(folder: string, name: string): Signer {
  const file = join(folder, name);
  kept(file, () => {
    const { privateKey } = generateKeyPairSync("ed25519");
    return String(privateKey.export({ format: "pem", type: "pkcs8" }));
  });
  return readable(file, () => readSigner(file));
}

/** Both halves in one file, so that there is never one without the other. */
function authority(folder: string, fleet: string, now: number): Certified {
  const file = join(folder, "ca.pem");
  const text = kept(file, () => {
    const made = newCertificateAuthority(`galgo ${fleet}`, now);
    return made.certificate + made.key;
  });
  const cut = text.indexOf("-----BEGIN PRIVATE KEY-----");
  const ca = { certificate: text.slice(0, cut), key: text.slice(cut) };
  readable(file, () => new X509Certificate(ca.certificate));
  return ca;
}

/** The text of a file, which is written when it is not there. Who comes second of two takes what the first has written. */
function kept(file: string, make: () => string): string {
  const found = readPrivate(file);
  if (found !== undefined) return found;
  const text = make();
  if (writeNewPrivate(file, text)) return text;
  return readPrivate(file) ?? text;
}

function readable<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    const why = cause instanceof CodedError ? cause.message : "it is damaged";
    const problem = `${quote(file)} is no key that can be used: ${why}. Take it from a backup: hosts know the fleet by it`;
    throw new FleetStartError("BAD_KEY", problem, { cause });
  }
}

/** SHA-256 of a certificate, hex: what tokens carry. @param pem the first certificate of it counts */
export function certificateDigest(pem: string): string {
  return createHash("sha256").update(new X509Certificate(pem).raw).digest("hex");
}
