// SPDX-License-Identifier: Apache-2.0
// Writes measurement lists as the kernel does, with node's own digests: what the readers under test are compared with.
import { createHash } from "node:crypto";

export interface Measured {
  readonly template: string;
  readonly pcr?: number;
  readonly path: string;
  /** Digest of the file, with its algorithm (and kind): `sha256`, `verity:sha256`. */
  readonly algorithm: string;
  readonly digest: Buffer;
  readonly signature?: Buffer;
  readonly buffer?: Buffer;
  readonly violation?: boolean;
}

export type Bank = "sha1" | "sha256" | "sha384" | "sha512";

/** Digest of the bank over the parts. */
export function hash(bank: Bank, ...parts: readonly Uint8Array[]): Buffer {
  const state = createHash(bank);
  for (const part of parts) state.update(part);
  return state.digest();
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function fields(one: Measured): readonly Buffer[] {
  if (one.template === "ima") return [one.digest, Buffer.from(one.path)];
  const v2 = /v2$/.test(one.template);
  const kind = v2 && !one.algorithm.includes(":") ? "ima:" : "";
  const head = [Buffer.from(`${kind}${one.algorithm}:\0`), one.digest];
  const both: Buffer[] = [Buffer.concat(head), Buffer.from(`${one.path}\0`)];
  if (/sig/.test(one.template)) both.push(one.signature ?? Buffer.alloc(0));
  if (/buf/.test(one.template)) both.push(one.buffer ?? Buffer.alloc(0));
  return both;
}

/** What the template digest is over. */
export function templateData(one: Measured): Buffer {
  if (one.template === "ima") {
    const name = Buffer.alloc(256);
    name.write(one.path);
    return Buffer.concat([one.digest, name]);
  }
  return Buffer.concat(fields(one).flatMap((field) => [u32(field.length), field]));
}

function templateDigest(one: Measured, bank: Bank): Buffer {
  const digest = hash(bank, templateData(one));
  return one.violation ? digest.fill(0) : digest;
}

/** binary_runtime_measurements of the bank. */
export function binaryList(list: readonly Measured[], bank: Bank = "sha1"): Buffer {
  return Buffer.concat(
    list.flatMap((one) => {
      const name = Buffer.from(one.template);
      const data = templateData(one);
      const path = Buffer.from(one.path);
      const old = [one.digest, u32(path.length), path];
      const rest = one.template === "ima" ? old : [u32(data.length), data];
      return [u32(one.pcr ?? 10), templateDigest(one, bank), u32(name.length), name, ...rest];
    }),
  );
}

/** ascii_runtime_measurements of the bank. */
export function asciiList(list: readonly Measured[], bank: Bank = "sha1"): string {
  return list
    .map((one) => {
      const digest = templateDigest(one, bank).toString("hex");
      const pcr = String(one.pcr ?? 10).padStart(2);
      return `${pcr} ${digest} ${one.template} ${words(one).join(" ")}\n`;
    })
    .join("");
}

function words(one: Measured): readonly string[] {
  const typed = /v2$/.test(one.template) && !one.algorithm.includes(":");
  const algorithm = one.template === "ima" ? "" : `${typed ? "ima:" : ""}${one.algorithm}:`;
  const found = [`${algorithm}${one.digest.toString("hex")}`, one.path];
  if (/sig/.test(one.template)) found.push(one.signature?.toString("hex") ?? "");
  if (/buf/.test(one.template)) found.push(one.buffer?.toString("hex") ?? "");
  return found;
}

/** Value of PCR 10 after the list. */
export function pcrOf(list: readonly Measured[], bank: Bank, padded = false): Buffer {
  let value: Buffer = Buffer.alloc(hash(bank).length);
  for (const one of list.filter(({ pcr }) => (pcr ?? 10) === 10)) {
    const extended = Buffer.alloc(value.length, one.violation ? 0xff : 0);
    if (!one.violation) hash(padded ? "sha1" : bank, templateData(one)).copy(extended);
    value = hash(bank, value, extended);
  }
  return value;
}

/** One entry of each template, a violation and an entry of another register among them. */
export const EVERY_TEMPLATE: readonly Measured[] = [
  { template: "ima-ng", path: "boot_aggregate", algorithm: "sha256", digest: hash("sha256") },
  { template: "ima", path: "/usr/bin/old", algorithm: "sha1", digest: hash("sha1") },
  { template: "ima-ng", path: "/usr/bin/a_b", algorithm: "sha512", digest: hash("sha512") },
  {
    template: "ima-sig",
    path: "/usr/bin/signed",
    algorithm: "sha256",
    digest: hash("sha256", Buffer.from("signed")),
    signature: Buffer.from("030204aabbccdd", "hex"),
  },
  { template: "ima-sig", path: "/usr/bin/bare", algorithm: "sha1", digest: hash("sha1") },
  { template: "ima-ngv2", path: "/usr/bin/two", algorithm: "sha256", digest: hash("sha256") },
  { template: "ima-sigv2", path: "/v", algorithm: "verity:sha256", digest: hash("sha256") },
  {
    template: "ima-buf",
    path: ".ima",
    algorithm: "sha256",
    digest: hash("sha256"),
    buffer: Buffer.from("3082", "hex"),
  },
  {
    template: "ima-ng",
    path: "/var/log/written",
    algorithm: "sha256",
    digest: Buffer.alloc(32),
    violation: true,
  },
  { template: "ima-ng", pcr: 9, path: "/else", algorithm: "sha256", digest: hash("sha256") },
];
