// SPDX-License-Identifier: Apache-2.0
// What the servers of a fleet show when they are asked who they are: certificates of the fleet's own CA, or what the site has given.
import { X509Certificate, createPrivateKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { hostname, networkInterfaces } from "node:os";
import { isIP } from "node:net";
import { join } from "node:path";
import { quote } from "../../base/quote.ts";
import { FleetStartError } from "../errors.ts";
import { newServerCertificate } from "./certificate.ts";
import { codeOf, readPrivate, writePrivate } from "./files.ts";
import { certificateDigest, type FleetKeys } from "./fleet-keys.ts";

export interface TlsGiven {
  /** PEM: the server's, then those above it. */
  readonly certificate: string;
  readonly key: string;
  /** PEM of the CA that hosts are to believe; without it the last one of `certificate`. */
  readonly ca?: string;
}

export interface FleetTls {
  /** Files, for other programs. */
  readonly certificateFile: string;
  readonly keyFile: string;
  /** PEM: with the CA behind it, so that a host that only knows its digest finds it. */
  readonly certificate: string;
  readonly key: string;
  /** PEM of the CA. */
  readonly ca: string;
  readonly caDigest: string;
  /** ms since 1970 */
  readonly expires: number;
}

const DAYS = 397;
/** One that ends within so many days is made anew. */
const RENEW_DAYS = 60;
const DAY_MS = 86_400_000;

/** @param given files of the site; undefined: the fleet's own CA @throws FleetStartError BAD_KEY, BAD_OPTION */
export function openTls(
  keys: FleetKeys,
  names: readonly string[],
  given: TlsGiven | undefined,
  now: number,
): FleetTls {
  return given === undefined ? ownTls(keys, names, now) : givenTls(given, now);
}

function ownTls(keys: FleetKeys, names: readonly string[], now: number): FleetTls {
  // of this machine, so not in the folder that other servers get a copy of
  const certificateFile = join(keys.folder, "..", "tls.pem");
  const keyFile = join(keys.folder, "..", "tls.key");
  const found = { certificate: readPrivate(certificateFile), key: readPrivate(keyFile) };
  if (found.certificate === undefined || !isGood(found.certificate, found.key, names, now)) {
    const made = newServerCertificate(keys.ca, `galgo ${keys.fleet}`, { names, now, days: DAYS });
    writePrivate(keyFile, made.key);
    writePrivate(certificateFile, made.certificate + keys.ca.certificate);
    found.certificate = made.certificate + keys.ca.certificate;
    found.key = made.key;
  }
  const { certificate, key = "" } = found;
  return tlsOf({ certificateFile, keyFile, certificate, key, ca: keys.ca.certificate });
}

/** Whether what was made earlier still does. */
function isGood(
  pem: string,
  key: string | undefined,
  names: readonly string[],
  now: number,
): boolean {
  if (key === undefined) return false;
  const found = new X509Certificate(pem);
  const lasts = Date.parse(found.validTo) - now > RENEW_DAYS * DAY_MS;
  const named = names.every(
    (name) => (isIP(name) === 0 ? found.checkHost(name) : found.checkIP(name)) !== undefined,
  );
  return lasts && named && found.checkPrivateKey(createPrivateKey(key));
}

function givenTls(given: TlsGiven, now: number): FleetTls {
  const certificate = readText(given.certificate);
  const key = readText(given.key);
  const chain =
    certificate.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  const ca = given.ca === undefined ? (chain.at(-1) ?? "") : readText(given.ca);
  const problem = refusalOfGiven(chain[0], key, now);
  if (problem !== undefined) {
    throw new FleetStartError("BAD_OPTION", `--tls-cert ${quote(given.certificate)} ${problem}`);
  }
  const whole = certificate.includes(ca.trim()) ? certificate : `${certificate.trimEnd()}\n${ca}`;
  return tlsOf({
    certificateFile: given.certificate,
    keyFile: given.key,
    certificate: whole,
    key,
    ca: `${ca.trim()}\n`,
  });
}

function refusalOfGiven(pem: string | undefined, key: string, now: number): string | undefined {
  if (pem === undefined) return "holds no certificate (PEM)";
  try {
    const found = new X509Certificate(pem);
    if (!found.checkPrivateKey(createPrivateKey(key))) return "does not belong to --tls-key";
    if (Date.parse(found.validTo) <= now) return `has expired (${found.validTo})`;
  } catch {
    return "or --tls-key can not be read";
  }
  return undefined;
}

function tlsOf(parts: Omit<FleetTls, "caDigest" | "expires">): FleetTls {
  return {
    ...parts,
    caDigest: certificateDigest(parts.ca),
    expires: Date.parse(new X509Certificate(parts.certificate).validTo),
  };
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new FleetStartError("BAD_OPTION", `${quote(file)} can not be read: ${codeOf(cause)}`, {
      cause,
    });
  }
}

/** What a server is called when nobody has said: where it listens, or all that this machine is called. */
export function defaultNames(listenHost: string): readonly string[] {
  const isAll = listenHost === "0.0.0.0" || listenHost === "::";
  const loopback = ["localhost", "127.0.0.1", "::1"];
  if (!isAll) return [...new Set([listenHost, ...loopback])];
  const addresses = Object.values(networkInterfaces())
    .flatMap((all = []) => all)
    .filter(({ internal, scopeid }) => !internal && (scopeid ?? 0) === 0)
    .map(({ address }) => address);
  return [...new Set([hostname(), ...addresses, ...loopback])];
}
