// SPDX-License-Identifier: Apache-2.0
// A chain of certificates from a leaf to a pinned root. Revocation lists enter as serial numbers: fetching them is not done here.
import { bytesToHex } from "../../base/hex.ts";
import { quote } from "../../base/quote.ts";
import { type Certificate, MAX_CERTIFICATES } from "./certificate.ts";
import { type CcCrypto, isSigned } from "./crypto.ts";
import { CcError } from "./errors.ts";

/** Root that is trusted: SHA-256 of its certificate (DER), hex. */
export interface PinnedRoot {
  readonly name: string;
  readonly sha256: string;
}

export interface ChainOptions {
  readonly crypto: CcCrypto;
  readonly roots: readonly PinnedRoot[];
  /** Time of the check, milliseconds since 1970. */
  readonly now: number;
  /** Certificates that are revoked, by their `revocationName`. */
  readonly revoked?: ReadonlySet<string>;
  /** Extensions that the caller looks at, so that they may be critical. */
  readonly looksAt?: ReadonlySet<string>;
}

/** Extensions that may be critical: those that are looked at here. Source: RFC 5280, 4.2. */
const KNOWN_CRITICAL: ReadonlySet<string> = new Set(["2.5.29.15", "2.5.29.19"]);

/**
 * What revoked certificates are named by: `ISSUER'S SHA-256:SERIAL`, both lower-case hex (issuer: its certificate). Zeros before a serial
 * number are passed over: certificates have one where tools print none.
 */
export function revocationName(issuer: string, serial: string): string {
  return `${issuer}:${serial.replace(/^0+(?=.)/, "")}`;
}

/**
 * Checks a chain, leaf first, root last: every link's signature and names, validity at `now`, authority, revocation, and that the
 * root is pinned. Returns the pin. Throws `CcError`.
 */
export async function verifyChain(
  chain: readonly Certificate[],
  options: ChainOptions,
): Promise<PinnedRoot> {
  const root = chain.at(-1);
  if (root === undefined || chain.length < 2) {
    throw new CcError("BAD_CHAIN", "a chain needs a certificate and its root");
  }
  if (chain.length > MAX_CERTIFICATES) {
    throw new CcError("TOO_LARGE", `a chain of more than ${MAX_CERTIFICATES} certificates`);
  }
  const print = bytesToHex(options.crypto.digest("sha256", root.raw));
  const pin = options.roots.find(({ sha256 }) => sha256 === print);
  if (pin === undefined) {
    throw new CcError("UNTRUSTED_ROOT", `${label(root)} (SHA-256 ${print}) is not a pinned root`);
  }
  for (const [i, certificate] of chain.entries()) {
    await verifyLink(certificate, chain[i + 1] ?? root, i, options);
  }
  return pin;
}

async function verifyLink(
  certificate: Certificate,
  issuer: Certificate,
  place: number,
  options: ChainOptions,
): Promise<void> {
  checkAlone(certificate, options);
  const name = label(certificate);
  if (bytesToHex(certificate.issuer) !== bytesToHex(issuer.subject)) {
    throw new CcError("BAD_CHAIN", `${name} was not issued by ${label(issuer)}`);
  }
  // The issuer stands at place + 1, with `place` authorities below it (the leaf is none).
  const below = issuer === certificate ? 0 : place;
  if (!issuer.authority || (issuer.pathLength ?? below) < below) {
    throw new CcError("BAD_CHAIN", `${label(issuer)} may not sign ${name}`);
  }
  const print = bytesToHex(options.crypto.digest("sha256", issuer.raw));
  if (options.revoked?.has(revocationName(print, certificate.serial)))
    throw new CcError("REVOKED", `${name} is revoked`);
  const signed = [certificate.signed, certificate.signature] as const;
  if (!(await isSigned(options.crypto, certificate.scheme, issuer.spki, signed))) {
    throw new CcError("BAD_SIGNATURE", `${name} is not signed by ${label(issuer)}`);
  }
}

/** What a certificate says whoever issued it: its validity, and that it demands nothing that is not looked at here. */
function checkAlone(certificate: Certificate, { now, looksAt }: ChainOptions): void {
  const name = label(certificate);
  // Not `now < notBefore || now > notAfter`: a time that is no number is within nothing.
  if (!(now >= certificate.notBefore && now <= certificate.notAfter)) {
    const until = new Date(certificate.notAfter).toISOString();
    const from = new Date(certificate.notBefore).toISOString();
    throw new CcError("EXPIRED", `${name} is valid from ${from} to ${until} only`);
  }
  for (const [id, { critical }] of certificate.extensions) {
    if (critical && !KNOWN_CRITICAL.has(id) && looksAt?.has(id) !== true) {
      throw new CcError("UNSUPPORTED", `${name} has a critical extension ${id} not known here`);
    }
  }
}

/** Words for a certificate. */
export function label(certificate: Certificate): string {
  return `certificate ${quote(certificate.name || certificate.serial, 80)}`;
}
