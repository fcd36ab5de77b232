// SPDX-License-Identifier: Apache-2.0
// X.509 certificates (RFC 5280) of vendors' chains. Read here rather than by a library: what decides are vendors' own extensions,
// which must be read strictly and alike in Node and in a page.
import { decodeBase64 } from "../../base/base64.ts";
import { bytesToHex } from "../../base/hex.ts";
import type { CcScheme } from "./crypto.ts";
import {
  bad,
  DerReader,
  derTime,
  oidText,
  smallInteger,
  TAG_BIT_STRING,
  TAG_BOOLEAN,
  TAG_INTEGER,
  TAG_OCTET_STRING,
  TAG_OID,
} from "./der.ts";
import { CcError } from "./errors.ts";
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
  const outer = new DerReader(bytes);
  const whole = outer.next("certificate", 0x30);
  outer.end("the certificate");
  const parts = new DerReader(whole.body);
  const tbs = parts.next("signed part", 0x30);
  const algorithm = parts.next("signature algorithm", 0x30);
  const signature = parts.next("signature", TAG_BIT_STRING).body;
  parts.end("the signature");
  const { inner, ...facts } = readSigned(new DerReader(tbs.body));
  if (bytesToHex(inner) !== bytesToHex(algorithm.raw)) {
    throw bad("signature algorithm differs within and without");
  }
  if (signature[0] !== 0) throw bad("signature of odd bits");
  return {
    raw: whole.raw,
    signed: tbs.raw,
    ...signatureOf(algorithm.body, signature.subarray(1)),
    ...facts,
    ...usage(facts.extensions),
  };
}

/** The certificates of PEM text, in order. Text between them is passed over. Throws `CcError`. */
export function parsePemChain(text: string): readonly Certificate[] {
  const blocks = [...text.matchAll(PEM)];
  if (blocks.length > MAX_CERTIFICATES) {
    throw new CcError("TOO_LARGE", `more than ${MAX_CERTIFICATES} certificates in one chain`);
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
  const serial = bytesToHex(tbs.next("serial number", TAG_INTEGER).body);
  const inner = tbs.next("signature algorithm", 0x30).raw;
  const issuer = tbs.next("issuer", 0x30).raw;
  const validity = tbs.into("validity");
  const notBefore = derTime(validity.next("first time"));
  const notAfter = derTime(validity.next("last time"));
  const subject = tbs.next("subject", 0x30);
  const spki = tbs.next("public key", 0x30).raw;
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
    const id = oidText(one.next("extension's name", TAG_OID).body);
    const flag = one.optional("critical", TAG_BOOLEAN);
    const value = one.next("extension's value", TAG_OCTET_STRING).body;
    one.end("the extension");
    if (found.has(id)) throw bad(`extension ${id} stands twice`);
    found.set(id, { critical: flag !== undefined && flag.body[0] !== 0, value });
  }
  return found;
}

function usage(
  extensions: ReadonlyMap<string, Extension>,
): Pick<Certificate, "authority" | "pathLength"> {
  const basic = extensions.get(OID_BASIC_CONSTRAINTS);
  if (basic === undefined) return { authority: false };
  const reader = new DerReader(basic.value).into("basic constraints");
  const flag = reader.optional("authority", TAG_BOOLEAN);
  const length = reader.optional("path length", TAG_INTEGER);
  reader.end("basic constraints");
  const signs = flag !== undefined && flag.body[0] !== 0 && maySign(extensions.get(OID_KEY_USAGE));
  const pathLength = length && smallInteger(length.body, "path length");
  return { authority: signs, ...(pathLength === undefined ? {} : { pathLength }) };
}

/** keyCertSign, bit 5; a certificate that does not tell its usage may be used for anything. */
function maySign(extension: Extension | undefined): boolean {
  if (extension === undefined) return true;
  const bits = new DerReader(extension.value).next("key usage", TAG_BIT_STRING).body;
  return ((bits[1] ?? 0) & 0x04) !== 0;
}

function commonName(names: DerReader): string {
  while (!names.done) {
    const set = names.into("name", 0x31);
    while (!set.done) {
      const pair = set.into("name");
      const id = oidText(pair.next("kind of name", TAG_OID).body);
      const value = pair.next("name");
      if (id === OID_COMMON_NAME) return new TextDecoder().decode(value.body.slice());
    }
  }
  return "";
}
