// SPDX-License-Identifier: Apache-2.0
// An Intel look-alike: a processor's certificate, a quoting enclave, and quotes of every form.
import { createHash, sign } from "node:crypto";
import { der, int, oid, seq } from "./der-writer.ts";
import { certify, extension, type Party, party, pem, sha256 } from "./vendor-chains.ts";

export interface Intel {
  readonly pck: Party;
  readonly key: Party;
  readonly certificates: readonly Buffer[];
  readonly root: string;
}

export type QuoteForm = "sgx3" | "sgx4" | "tdx4" | "tdx5" | "tdx5-1.5";

/** Signer of the look-alike quoting enclave, hex. */
export const QE_SIGNER: string = "ab".repeat(32);
const SGX = "1.2.840.113741.1.13.1";

function sgxExtension(): Buffer {
  const levels = Array.from({ length: 16 }, (_, i) => seq(oid(`${SGX}.2.${i + 1}`), int(i + 1)));
  const tcb = seq(...levels, seq(oid(`${SGX}.2.17`), int(13)));
  return seq(
    seq(oid(`${SGX}.2`), tcb),
    seq(oid(`${SGX}.3`), der(4, Buffer.from("0000", "hex"))),
    seq(oid(`${SGX}.4`), der(4, Buffer.from("00906ed50000", "hex"))),
  );
}

/** Makes an Intel look-alike. */
export function makeIntel(): Intel {
  const root = party("Lookalike SGX Root CA", "P-256");
  const middle = party("Lookalike PCK Platform CA", "P-256");
  const pck = party("Lookalike PCK Certificate", "P-256");
  const rootCertificate = certify({ subject: root, issuer: root, authority: true });
  const certificates = [
    certify({ subject: pck, issuer: middle, extensions: [extension(SGX, sgxExtension())] }),
    certify({ subject: middle, issuer: root, authority: true }),
    rootCertificate,
  ];
  return {
    pck,
    key: party("attestation key", "P-256"),
    certificates,
    root: sha256(rootCertificate),
  };
}

function raw(by: Party, data: Uint8Array): Buffer {
  return sign("sha256", data, { key: by.privateKey, dsaEncoding: "ieee-p1363" });
}

function coordinates(by: Party): Buffer {
  return by.publicKey.export({ format: "der", type: "spki" }).subarray(-64);
}

function sgxBody(): Buffer {
  const body = Buffer.alloc(384);
  body.writeBigUInt64LE(5n, 48);
  createHash("sha256").update("enclave").digest().copy(body, 64);
  createHash("sha512").update("nonce").digest().copy(body, 320);
  return body;
}

function tdBody(size: number): Buffer {
  const body = Buffer.alloc(size);
  body.writeBigUInt64LE(0x10000000n, 120);
  createHash("sha384").update("guest").digest().copy(body, 136);
  createHash("sha512").update("nonce").digest().copy(body, 520);
  return body;
}

const BODIES: Readonly<Record<QuoteForm, () => Buffer>> = {
  sgx3: sgxBody,
  sgx4: sgxBody,
  tdx4: () => tdBody(584),
  tdx5: () => tdBody(584),
  "tdx5-1.5": () => tdBody(648),
};

export interface QuoteEdits {
  /** Before the attestation key signs. */
  readonly body?: (body: Buffer) => void;
  readonly header?: (header: Buffer) => void;
  /** Before the PCK signs. */
  readonly qe?: (report: Buffer) => void;
  readonly pem?: string;
}

/** A quote of the form. */
export function intelQuote(intel: Intel, form: QuoteForm, edits: QuoteEdits = {}): Buffer {
  const version = Number(form.at(3));
  const tdx = form.startsWith("tdx");
  const header = Buffer.alloc(48);
  header.writeUInt16LE(version, 0);
  header.writeUInt16LE(2, 2);
  header.writeUInt32LE(tdx ? 0x81 : 0, 4);
  Buffer.from("939a7233f79c4ca9940a0db3957f0607", "hex").copy(header, 12);
  edits.header?.(header);
  const body = BODIES[form]();
  edits.body?.(body);
  const kind = Buffer.alloc(version === 5 ? 6 : 0);
  if (version === 5) {
    kind.writeUInt16LE(form === "tdx5" ? 2 : 3, 0);
    kind.writeUInt32LE(body.length, 2);
  }
  const signed = Buffer.concat([header, kind, body]);
  const inner = certification(intel, tdx, edits);
  const outer = Buffer.alloc(version >= 4 ? 6 : 0);
  if (version >= 4) {
    outer.writeUInt16LE(6, 0);
    outer.writeUInt32LE(inner.length, 2);
  }
  const signature = Buffer.concat([raw(intel.key, signed), coordinates(intel.key), outer, inner]);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(signature.length);
  return Buffer.concat([signed, size, signature]);
}

function certification(intel: Intel, tdx: boolean, edits: QuoteEdits): Buffer {
  const data = Buffer.alloc(32, 7);
  const qe = Buffer.alloc(384);
  qe.writeBigUInt64LE(0x15n, 48);
  Buffer.from(QE_SIGNER, "hex").copy(qe, 128);
  qe.writeUInt16LE(tdx ? 2 : 1, 256);
  qe.writeUInt16LE(8, 258);
  createHash("sha256").update(coordinates(intel.key)).update(data).digest().copy(qe, 320);
  edits.qe?.(qe);
  const text = Buffer.from(edits.pem ?? pem(intel.certificates));
  const sizes = Buffer.alloc(2);
  sizes.writeUInt16LE(data.length);
  const head = Buffer.alloc(6);
  head.writeUInt16LE(5, 0);
  head.writeUInt32LE(text.length, 2);
  return Buffer.concat([qe, raw(intel.pck, qe), sizes, data, head, text]);
}
