// SPDX-License-Identifier: Apache-2.0
// The fleet's own certificates (RFC 5280): a CA that hosts know by the digest in their token, and what it says of the servers. ECDSA on P-256.
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
} from "node:crypto";
import { isIP } from "node:net";
import { DER_TAGS } from "../../attest/encoding/der.ts";
import { derInteger, derValue } from "../../attest/encoding/der-write.ts";

/** A certificate and its key, PEM. */
export interface Certified {
  readonly certificate: string;
  readonly key: string;
}

export interface ServerTerms {
  /** DNS names and addresses. */
  readonly names: readonly string[];
  /** ms since 1970 */
  readonly now: number;
  readonly days: number;
}

const DAY_MS = 86_400_000;
const CA_DAYS = 3_650;
/** Clocks of hosts that are slow. */
const BEFORE_MS = 3_600_000;

const OIDS = {
  ecdsaSha256: "2a8648ce3d040302",
  commonName: "550403",
  subjectKey: "551d0e",
  keyUsage: "551d0f",
  names: "551d11",
  basic: "551d13",
  issuerKey: "551d23",
  extendedUsage: "551d25",
  serverAuth: "2b06010505070301",
  clientAuth: "2b06010505070302",
} as const;

const { sequence, set, octetString, bitString, boolean, oid: OID } = DER_TAGS;
const UTF8 = 0x0c;
const oid = (name: keyof typeof OIDS): Uint8Array => derValue(OID, Buffer.from(OIDS[name], "hex"));
const nameOf = (text: string): Uint8Array =>
  derValue(
    sequence,
    derValue(set, derValue(sequence, oid("commonName"), derValue(UTF8, Buffer.from(text)))),
  );

/** A CA of its own. */
export function newCertificateAuthority(name: string, now: number): Certified {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const own = keyId(publicKey);
  const certificate = certificateOf({
    issuer: name,
    subject: name,
    publicKey,
    from: now - BEFORE_MS,
    to: now + CA_DAYS * DAY_MS,
    extensions: [
      // is a CA, of servers only and of no further CA
      extension(
        "basic",
        derValue(sequence, derValue(boolean, Uint8Array.of(255)), derInteger(Uint8Array.of(0))),
        true,
      ),
      // keyCertSign, cRLSign
      extension("keyUsage", derValue(bitString, Uint8Array.of(1, 0x06)), true),
      extension("subjectKey", derValue(octetString, own)),
    ],
    signer: privateKey,
  });
  return { certificate, key: pemOf(privateKey) };
}

/** A certificate for servers of these names, and its key. @throws Error: the CA can not be read */
export function newServerCertificate(ca: Certified, issuer: string, terms: ServerTerms): Certified {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const authority = createPrivateKey(ca.key);
  const certificate = certificateOf({
    issuer,
    subject: terms.names[0] ?? "galgo",
    publicKey,
    from: terms.now - BEFORE_MS,
    to: terms.now + terms.days * DAY_MS,
    extensions: [
      extension("basic", derValue(sequence), true),
      // digitalSignature
      extension("keyUsage", derValue(bitString, Uint8Array.of(7, 0x80)), true),
      extension("extendedUsage", derValue(sequence, oid("serverAuth"), oid("clientAuth"))),
      extension("names", derValue(sequence, ...terms.names.map(alternative))),
      extension("subjectKey", derValue(octetString, keyId(publicKey))),
      extension("issuerKey", derValue(sequence, derValue(0x80, keyId(createPublicKey(authority))))),
    ],
    signer: authority,
  });
  return { certificate, key: pemOf(privateKey) };
}

interface CertificateParts {
  readonly issuer: string;
  readonly subject: string;
  readonly publicKey: KeyObject;
  readonly from: number;
  readonly to: number;
  readonly extensions: readonly Uint8Array[];
  readonly signer: KeyObject;
}

function certificateOf(parts: CertificateParts): string {
  const algorithm = derValue(sequence, oid("ecdsaSha256"));
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  const body = derValue(
    sequence,
    derValue(0xa0, derInteger(Uint8Array.of(2))),
    derInteger(serial),
    algorithm,
    nameOf(parts.issuer),
    derValue(sequence, timeOf(parts.from), timeOf(parts.to)),
    nameOf(parts.subject),
    parts.publicKey.export({ format: "der", type: "spki" }),
    derValue(0xa3, derValue(sequence, ...parts.extensions)),
  );
  const signature = sign("sha256", body, parts.signer);
  const der = derValue(sequence, body, algorithm, derValue(bitString, Uint8Array.of(0), signature));
  const lines =
    Buffer.from(der)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

function extension(name: keyof typeof OIDS, value: Uint8Array, critical = false): Uint8Array {
  const flag = critical ? [derValue(boolean, Uint8Array.of(255))] : [];
  return derValue(sequence, oid(name), ...flag, derValue(octetString, value));
}

function alternative(name: string): Uint8Array {
  const kind = isIP(name);
  if (kind === 0) return derValue(0x82, Buffer.from(name, "latin1"));
  return derValue(0x87, kind === 4 ? Uint8Array.from(name.split("."), Number) : ipv6(name));
}

function ipv6(text: string): Uint8Array {
  const [head = "", tail] = text.split("::");
  const groups = (part: string): number[] =>
    part === "" ? [] : part.split(":").map((group) => Number.parseInt(group, 16));
  const left = groups(head);
  const right = groups(tail ?? "");
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => 0);
  return Uint8Array.from(
    [...left, ...zeros, ...right].flatMap((group) => [group >> 8, group & 255]),
  );
}

/** UTCTime until 2049, GeneralizedTime from 2050. */
function timeOf(at: number): Uint8Array {
  const text = `${new Date(at).toISOString().replace(/[-:T]/g, "").slice(0, 14)}Z`;
  return text < "2050"
    ? derValue(DER_TAGS.utcTime, Buffer.from(text.slice(2)))
    : derValue(DER_TAGS.generalizedTime, Buffer.from(text));
}

/** SHA-1 of the public key, as RFC 5280 (4.2.1.2) says: a name, no protection. */
function keyId(key: KeyObject): Uint8Array {
  const der = key.export({ format: "der", type: "spki" });
  return createHash("sha1").update(der.subarray(-65)).digest();
}

function pemOf(key: KeyObject): string {
  return String(key.export({ format: "pem", type: "pkcs8" }));
}
