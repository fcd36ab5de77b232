// SPDX-License-Identifier: Apache-2.0
// X.509 certificates (RFC 5280) of vendors' chains. Read here rather than by a library: what decides are vendors' own extensions,
// which must be read strictly and alike in Node and in a page.
import { decodeBase64 } from "../../base/base64.ts";
import { bytesToHex } from "../../base/hex.ts";
import { DER_TAGS, DerReader, derTime, oidText, onlyValue, smallInteger } from "../encoding/der.ts";
import type { CcScheme } from "./crypto.ts";
import { badCertificate as bad, CcError, ofCertificate } from "./errors.ts";
import { signatureOf } from "./signature.ts";

/** Bytes that one certificate may have. */
export const MAX_CERTIFICATE_BYTES: number = 16 * 1024;
/** Certificates that a chain may have. */
export const MAX_CERTIFICATES = 8;

const OID_COMMON_NAME = "2.5.4.3";
const OID_KEY_USAGE = "2.5.29.15";
const OID_BASIC_CONSTRAINTS = "2.5.29.19";
const PEM = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]*)-----END CERTIFICATE-----/g;

export interface Extension {
  readonly critical: boolean;
  readonly value: Uint8Array;
}

export interface Certificate {
  readonly raw: Uint8Array;
  /** The signed part. */
  readonly signed: Uint8Array;
  readonly scheme: CcScheme;
  /** As `CcCrypto.verify` takes it. */
  readonly signature: Uint8Array;
  /** Hex, as the certificate has it. */
  readonly serial: string;
  /** DER of the names. */
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  /** Common name of the subject, for people; empty when there is none. */
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array;
  readonly extensions: ReadonlyMap<string, Extension>;
  /** Whether it may sign certificates, and how many more may come between it and the leaf. */
  readonly authority: boolean;
  readonly pathLength?: number;
}

/** Reads one certificate (DER). Throws `CcError`. */
export function parseCertificate(bytes: Uint8Array): Certificate {
  if (bytes.length > MAX_CERTIFICATE_BYTES) {
    throw new CcError("TOO_LARGE", `certificate of more than ${MAX_CERTIFICATE_BYTES} bytes`);
  }
  return ofCertificate(() => readCertificate(bytes));
}

function readCertificate(bytes: Uint8Array): Certificate {
  const whole = onlyValue(bytes, "certificate", DER_TAGS.sequence);
  const parts = new DerReader(whole.body);
  const tbs = parts.next("signed part", DER_TAGS.sequence);
  const algorithm = parts.next("signature algorithm", DER_TAGS.sequence);
  const signature = parts.wholeBytes("signature");
  parts.end("the signature");
  const { inner, ...facts } = readSigned(new DerReader(tbs.body));
  if (bytesToHex(inner) !== bytesToHex(algorithm.raw)) {
    throw bad("signature algorithm differs within and without");
  }
  return {
    raw: whole.raw,
    signed: tbs.raw,
    ...signatureOf(algorithm.body, signature),
    ...facts,
    ...usage(facts.extensions),
  };
}

/** The certificates of PEM text, in order. Text between them is passed over. Throws `CcError`. */
export function parsePemChain(
  text: string,
  max: number = MAX_CERTIFICATES,
): readonly Certificate[] {
  const blocks = [...text.matchAll(PEM)];
  if (blocks.length > max) {
    throw new CcError(
      "TOO_LARGE",
      `more than ${max} certificates where a chain or its roots belong`,
    );
  }
  return blocks.map(([, body = ""]) => parseCertificate(pemBytes(body)));
}

function pemBytes(body: string): Uint8Array {
  if (body.length > 2 * MAX_CERTIFICATE_BYTES)
    throw new CcError("TOO_LARGE", "certificate too long");
  return decodeBase64(body.replace(/\s/g, ""));
}

type Signed = Pick<
  Certificate,
  "serial" | "issuer" | "subject" | "name" | "notBefore" | "notAfter" | "spki" | "extensions"
> & { readonly inner: Uint8Array };

function readSigned(tbs: DerReader): Signed {
  const version = tbs.optional("version", 0xa0);
  if (version === undefined || bytesToHex(version.body) !== "020102") throw bad("not of version 3");
  const serial = bytesToHex(tbs.next("serial number", DER_TAGS.integer).body);
  const inner = tbs.next("signature algorithm", DER_TAGS.sequence).raw;
  const issuer = tbs.next("issuer", DER_TAGS.sequence).raw;
  const validity = tbs.into("validity");
  const notBefore = derTime(validity.next("first time"));
  const notAfter = derTime(validity.next("last time"));
  const subject = tbs.next("subject", DER_TAGS.sequence);
  const spki = tbs.next("public key", DER_TAGS.sequence).raw;
  tbs.optional("issuer's unique id", 0x81);
  tbs.optional("subject's unique id", 0x82);
  const extensions = readExtensions(tbs);
  tbs.end("the extensions");
  const name = commonName(new DerReader(subject.body));
  return {
    inner,
    serial,
    issuer,
    notBefore,
    notAfter,
    subject: subject.raw,
    name,
    spki,
    extensions,
  };
}

function readExtensions(tbs: DerReader): ReadonlyMap<string, Extension> {
  const found = new Map<string, Extension>();
  if (!tbs.is(0xa3)) return found;
  const list = tbs.into("extensions", 0xa3).into("extensions");
  while (!list.done) {
    const one = list.into("extension");
    const id = oidText(one.next("extension's name", DER_TAGS.oid).body);
    const critical = one.flag("critical");
    const value = one.next("extension's value", DER_TAGS.octetString).body;
    one.end("the extension");
    if (found.has(id)) throw bad(`extension ${id} stands twice`);
    found.set(id, { critical, value });
  }
  return found;
}

function usage(
  extensions: ReadonlyMap<string, Extension>,
): Pick<Certificate, "authority" | "pathLength"> {
  const basic = extensions.get(OID_BASIC_CONSTRAINTS);
  if (basic === undefined) return { authority: false };
  const reader = new DerReader(onlyValue(basic.value, "basic constraints", DER_TAGS.sequence).body);
  const authority = reader.flag("authority");
  const length = reader.optional("path length", DER_TAGS.integer);
  reader.end("basic constraints");
  const signs = authority && maySign(extensions.get(OID_KEY_USAGE));
  const pathLength = length && smallInteger(length.body, "path length");
  return { authority: signs, ...(pathLength === undefined ? {} : { pathLength }) };
}

/** keyCertSign, bit 5; a certificate that does not tell its usage may be used for anything. */
function maySign(extension: Extension | undefined): boolean {
  if (extension === undefined) return true;
  const bits = onlyValue(extension.value, "key usage", DER_TAGS.bitString).body;
  return ((bits[1] ?? 0) & 0x04) !== 0;
}

function commonName(names: DerReader): string {
  while (!names.done) {
    const set = names.into("name", DER_TAGS.set);
    while (!set.done) {
      const pair = set.into("name");
      const id = oidText(pair.next("kind of name", DER_TAGS.oid).body);
      const value = pair.next("name");
      if (id === OID_COMMON_NAME) return new TextDecoder().decode(value.body.slice());
    }
  }
  return "";
}
