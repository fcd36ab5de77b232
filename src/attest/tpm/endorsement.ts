// SPDX-License-Identifier: Apache-2.0
// The certificate of an endorsement key: by which maker of TPMs the key is said to be in a TPM. TCG EK Credential Profile, version 2.5.
import { bytesToHex } from "../../base/hex.ts";
import { quote } from "../../base/quote.ts";
import { CodedError } from "../../base/errors.ts";
import {
  type Certificate,
  MAX_CERTIFICATES,
  parseCertificate,
  parsePemChain,
} from "../cc/certificate.ts";
import { label, type PinnedRoot, verifyChain } from "../cc/chain.ts";
import { type CcCrypto, isSigned } from "../cc/crypto.ts";
import { ofCertificate } from "../cc/errors.ts";
import { DER_TAGS, DerReader, oidText } from "../encoding/der.ts";
import type { TpmKey } from "./crypto.ts";
import { MAX_AUTHORITIES } from "./limits.ts";
import type { TpmPublic } from "./public-area.ts";
import { isEndorsementKey } from "./public-area.ts";
import { concat, sameBytes } from "./wire.ts";

const OID_ALTERNATIVE_NAME = "2.5.29.17";
const OID_EXTENDED_USAGE = "2.5.29.37";
/** tcg-kp-EKCertificate */
const OID_EK_CERTIFICATE = "2.23.133.8.1";
const OID_CURVES: Readonly<Record<string, string>> = {
  "P-256": "1.2.840.10045.3.1.7",
  "P-384": "1.3.132.0.34",
  "P-521": "1.3.132.0.35",
};
const UNCOMPRESSED = 4;
/** What an alternative name says of a TPM: TCG EK Credential Profile, 3.1.2. */
const ABOUT = { manufacturer: "2.23.133.2.1", model: "2.23.133.2.2", version: "2.23.133.2.3" };
const LOOKS_AT: ReadonlySet<string> = new Set([OID_ALTERNATIVE_NAME, OID_EXTENDED_USAGE]);
/** Tag of a directory name among alternative names. */
const DIRECTORY_NAME = 0xa4;

/**
 * NOT_AN_EK: the key is no endorsement key, or the certificate not that of one. WRONG_KEY: the certificate is for another key.
 * NO_ISSUER: who issued a certificate is not among those that were given. BAD_FILE: no certificates are in the file.
 */
export type EndorsementErrorCode = "NOT_AN_EK" | "WRONG_KEY" | "NO_ISSUER" | "BAD_FILE";

export class EndorsementError extends CodedError<EndorsementErrorCode> {}

/** Makers of TPMs whose word counts. */
export interface EndorsementTrust {
  /** As `readAuthorities` gives them. */
  readonly authorities: Authorities;
  readonly crypto: CcCrypto;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** `ISSUER'S SHA-256:SERIAL`, both hex. */
  readonly revoked?: ReadonlySet<string>;
}

export interface Authorities {
  /** Self-signed: what is trusted. */
  readonly roots: readonly Certificate[];
  /** On the way to them. */
  readonly others: readonly Certificate[];
}

/** What a certificate says of a TPM, by its maker's word; text as it stands there. */
export interface EndorsementFacts {
  /** `id:` and the four letters of the maker, in hex. */
  readonly manufacturer: string | undefined;
  readonly model: string | undefined;
  readonly version: string | undefined;
  /** Hex. */
  readonly serial: string;
  /** Name of the root that it leads to. */
  readonly root: string;
}

/**
 * The certificates of PEM text: self-signed ones are roots, the others lead to them.
 * @param name of the file, for messages. @throws EndorsementError BAD_FILE, CcError
 */
export function readAuthorities(pem: string, name: string): Authorities {
  const all = parsePemChain(pem, MAX_AUTHORITIES);
  if (all.length === 0)
    throw new EndorsementError("BAD_FILE", `${quote(name)} holds no certificate in PEM`);
  const isRoot = ({ issuer, subject }: Certificate): boolean => sameBytes(issuer, subject);
  return { roots: all.filter(isRoot), others: all.filter((each) => !isRoot(each)) };
}

/**
 * Checks that `certificate` (DER) is one of an endorsement key, that it is for `key`, and that it leads to a root.
 * @throws EndorsementError, CcError
 */
export async function verifyEndorsement(
  certificate: Uint8Array,
  key: TpmPublic,
  trust: EndorsementTrust,
): Promise<EndorsementFacts> {
  const leaf = parseCertificate(certificate);
  if (!isEndorsementKey(key))
    throw new EndorsementError(
      "NOT_AN_EK",
      "the endorsement key is not a restricted decryption key that can not leave its TPM",
    );
  requireEndorsement(leaf);
  if (!isFor(leaf, key.key))
    throw new EndorsementError("WRONG_KEY", `${label(leaf)} is for another key than this TPM's`);
  const roots = trust.authorities.roots.map((root) => pinOf(root, trust.crypto));
  const { name } = await verifyChain(await chainOf(leaf, trust), {
    ...{ crypto: trust.crypto, roots, now: trust.now, looksAt: LOOKS_AT },
    ...(trust.revoked === undefined ? {} : { revoked: trust.revoked }),
  });
  return { ...ofCertificate(() => factsOf(leaf)), serial: leaf.serial, root: name };
}

function pinOf(root: Certificate, crypto: CcCrypto): PinnedRoot {
  return { name: root.name, sha256: bytesToHex(crypto.digest("sha256", root.raw)) };
}

/** By the names of issuers; of several with one name (makers have RSA and ECC keys under one) that whose signature it is. */
async function chainOf(
  leaf: Certificate,
  { authorities: { roots, others }, crypto }: EndorsementTrust,
): Promise<readonly Certificate[]> {
  const chain = [leaf];
  for (let last = leaf; chain.length < MAX_CERTIFICATES; ) {
    const named = [...roots, ...others].filter(({ subject }) => sameBytes(subject, last.issuer));
    const next = await issuerOf(last, named, crypto);
    if (next === undefined)
      throw new EndorsementError(
        "NO_ISSUER",
        `who issued ${label(last)} is not among the ${roots.length + others.length} certificates of makers that were given`,
      );
    chain.push(next);
    if (roots.includes(next)) return chain;
    last = next;
  }
  throw new EndorsementError("NO_ISSUER", `${label(leaf)} leads to no root`);
}

/** The first where none fits: what is wrong with it is told when the chain is checked. */
async function issuerOf(
  { scheme, signed, signature }: Certificate,
  named: readonly Certificate[],
  crypto: CcCrypto,
): Promise<Certificate | undefined> {
  for (const each of named)
    if (await isSigned(crypto, scheme, each.spki, [signed, signature])) return each;
  return named[0];
}

function requireEndorsement(leaf: Certificate): void {
  const usage = leaf.extensions.get(OID_EXTENDED_USAGE);
  const named = usage !== undefined && ofCertificate(() => purposes(usage.value));
  if (leaf.authority || named === false || !named.includes(OID_EK_CERTIFICATE))
    throw new EndorsementError(
      "NOT_AN_EK",
      `${label(leaf)} is not that of an endorsement key: it does not name the purpose ${OID_EK_CERTIFICATE}`,
    );
}

function purposes(value: Uint8Array): readonly string[] {
  const list = new DerReader(value).into("purposes");
  const found: string[] = [];
  while (!list.done) found.push(oidText(list.next("purpose", DER_TAGS.oid).body));
  return found;
}

/** Whether `certificate` (DER) is for `key`; nothing else of it is looked at. @throws CcError */
export function isCertificateOf(certificate: Uint8Array, key: TpmPublic): boolean {
  return isFor(parseCertificate(certificate), key.key);
}

function isFor({ spki }: Certificate, key: TpmKey): boolean {
  return ofCertificate(() => hasKey(spki, key));
}

/** Compares the numbers: makers write the algorithm of one and the same RSA key in several ways. */
function hasKey(spki: Uint8Array, key: TpmKey): boolean {
  const info = new DerReader(spki).into("public key");
  const algorithm = info.into("algorithm");
  const bits = info.wholeBytes("public key");
  algorithm.next("algorithm", DER_TAGS.oid);
  if (key.kind === "ecc") {
    if (!algorithm.is(DER_TAGS.oid)) return false;
    const curve = oidText(algorithm.next("curve", DER_TAGS.oid).body);
    const point = concat([Uint8Array.of(UNCOMPRESSED), key.x, key.y]);
    return curve === OID_CURVES[key.curve] && sameBytes(bits, point);
  }
  if (bits[0] !== DER_TAGS.sequence) return false;
  const numbers = new DerReader(bits).into("RSA key");
  const modulus = numbers.positive("modulus");
  const exponent = numbers.positive("exponent").reduce((sum, byte) => sum * 256 + byte, 0);
  return sameBytes(modulus, key.modulus) && exponent === key.exponent;
}

function factsOf(leaf: Certificate): Omit<EndorsementFacts, "serial" | "root"> {
  const names = leaf.extensions.get(OID_ALTERNATIVE_NAME);
  const found = names === undefined ? new Map<string, string>() : attributesOf(names.value);
  return {
    manufacturer: found.get(ABOUT.manufacturer),
    model: found.get(ABOUT.model),
    version: found.get(ABOUT.version),
  };
}

/** The attributes of the directory name among the alternative names. */
function attributesOf(value: Uint8Array): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const names = new DerReader(value).into("alternative names");
  while (!names.done) {
    const { tag, body } = names.next("alternative name");
    if (tag === DIRECTORY_NAME) readDirectoryName(new DerReader(body), found);
  }
  return found;
}

function readDirectoryName(name: DerReader, found: Map<string, string>): void {
  const sets = name.into("directory name");
  while (!sets.done) {
    const set = sets.into("name", DER_TAGS.set);
    while (!set.done) {
      const pair = set.into("name");
      const id = oidText(pair.next("kind of name", DER_TAGS.oid).body);
      found.set(id, new TextDecoder().decode(pair.next("name").body.slice()));
    }
  }
}
