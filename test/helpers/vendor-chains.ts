// SPDX-License-Identifier: Apache-2.0
// Look-alike vendors: chains and reports with the forms of AMD's and Intel's, by keys made here.
import { constants, createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { type Certificate, parseCertificate } from "../../src/attest/cc/certificate.ts";
import type { CcCrypto } from "../../src/attest/cc/crypto.ts";
import { nodeCcCrypto } from "../../src/quote/cc-crypto.ts";
import { commonName, der, int, oid, seq, time } from "./der-writer.ts";

/** Node's cryptography, for tests of a stage that has none. */
export const CRYPTO: CcCrypto = nodeCcCrypto;
/** The time at which look-alike evidence is checked. */
export const NOW: number = Date.UTC(2026, 5, 1);

export interface Party {
  readonly name: string;
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

export interface CertificateWish {
  readonly subject: Party;
  readonly issuer: Party;
  readonly authority?: boolean;
  readonly from?: Date;
  readonly to?: Date;
  readonly serial?: number;
  readonly extensions?: readonly Buffer[];
}

/** A party with a key of the curve, or of RSA. */
export function party(name: string, kind: "P-256" | "P-384" | "rsa"): Party {
  const pair =
    kind === "rsa"
      ? generateKeyPairSync("rsa", { modulusLength: 2048 })
      : generateKeyPairSync("ec", { namedCurve: kind });
  return { name, ...pair };
}

/** One extension. */
export function extension(id: string, value: Uint8Array, critical = false): Buffer {
  const flag = critical ? [der(1, Buffer.of(0xff))] : [];
  return seq(oid(id), ...flag, der(4, value));
}

const SHA384 = seq(oid("2.16.840.1.101.3.4.2.2"), der(5));
const PSS = seq(
  oid("1.2.840.113549.1.1.10"),
  seq(
    der(0xa0, SHA384),
    der(0xa1, seq(oid("1.2.840.113549.1.1.8"), SHA384)),
    der(0xa2, int(48)),
    der(0xa3, int(1)),
  ),
);

/** A certificate as bytes. */
export function certify(wish: CertificateWish): Buffer {
  const { issuer, subject } = wish;
  const rsa = issuer.privateKey.asymmetricKeyType === "rsa";
  const curve = issuer.privateKey.asymmetricKeyDetails?.namedCurve;
  const hash = rsa || curve === "secp384r1" ? "sha384" : "sha256";
  const ecdsa = seq(oid(`1.2.840.10045.4.3.${hash === "sha384" ? 3 : 2}`));
  const algorithm = rsa ? PSS : ecdsa;
  const basic = extension(
    "2.5.29.19",
    seq(...(wish.authority ? [der(1, Buffer.of(0xff))] : [])),
    true,
  );
  const signed = seq(
    der(0xa0, int(2)),
    int(wish.serial ?? 1),
    algorithm,
    commonName(issuer.name),
    seq(time(wish.from ?? new Date(NOW - 1e9)), time(wish.to ?? new Date(NOW + 1e9))),
    commonName(subject.name),
    subject.publicKey.export({ format: "der", type: "spki" }),
    der(0xa3, seq(basic, ...(wish.extensions ?? []))),
  );
  const padding = rsa ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 48 } : {};
  const signature = sign(hash, signed, { key: issuer.privateKey, ...padding });
  return seq(signed, algorithm, der(3, Buffer.of(0), signature));
}

/** SHA-256 of bytes, hex. */
export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** PEM of certificates, one after another. */
export function pem(certificates: readonly Buffer[]): string {
  return certificates
    .map((raw) => raw.toString("base64").replace(/(.{64})/g, "$1\n"))
    .map((text) => `-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----\n`)
    .join("");
}

/** An AMD look-alike of one chip. */
export interface Amd {
  readonly chain: readonly Certificate[];
  readonly ark: Party;
  readonly ask: Party;
  readonly vcek: Party;
  readonly root: string;
  readonly chipId: Buffer;
}

/** Extensions of a chip's key. Levels: bootloader, tee, snp, microcode. */
export function amdExtensions(levels: readonly number[], chipId: Uint8Array): readonly Buffer[] {
  const arcs = [1, 2, 3, 8, 9];
  return [
    extension("1.3.6.1.4.1.3704.1.2", der(0x16, Buffer.from("Milan-B0"))),
    ...levels.map((level, i) => extension(`1.3.6.1.4.1.3704.1.3.${arcs[i]}`, int(level))),
    extension("1.3.6.1.4.1.3704.1.4", chipId),
  ];
}

/** Makes an AMD look-alike. */
export function makeAmd(): Amd {
  const ark = party("ARK-Lookalike", "rsa");
  const ask = party("SEV-Lookalike", "rsa");
  const vcek = party("SEV-VCEK", "P-384");
  const chipId = createHash("sha512").update("chip").digest();
  const root = certify({ subject: ark, issuer: ark, authority: true });
  const chain = [
    certify({ subject: vcek, issuer: ask, extensions: amdExtensions([3, 0, 8, 115], chipId) }),
    certify({ subject: ask, issuer: ark, authority: true }),
    root,
  ].map((raw) => parseCertificate(raw));
  return { chain, ark, ask, vcek, root: sha256(root), chipId };
}

/** A report by the look-alike chip; `edit` changes it before it is signed. */
export function snpReport(amd: Amd, edit: (report: Buffer) => void = () => {}): Buffer {
  const report = Buffer.alloc(1184);
  report.writeUInt32LE(2, 0);
  report.writeBigUInt64LE(0x30000n, 8);
  report.writeUInt32LE(1, 0x34);
  createHash("sha512").update("nonce").digest().copy(report, 0x50);
  createHash("sha384").update("guest").digest().copy(report, 0x90);
  for (const at of [0x38, 0x180]) Buffer.from([3, 0, 0, 0, 0, 0, 8, 115]).copy(report, at);
  amd.chipId.copy(report, 0x1a0);
  edit(report);
  const signature = sign("sha384", report.subarray(0, 672), {
    key: amd.vcek.privateKey,
    dsaEncoding: "ieee-p1363",
  });
  signature.subarray(0, 48).reverse().copy(report, 672);
  signature
    .subarray(48)
    .reverse()
    .copy(report, 672 + 72);
  return report;
}
