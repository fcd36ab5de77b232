// SPDX-License-Identifier: Apache-2.0
// Measurement lists of real kernels, with the registers that they made (test/vectors/ima, made by test/vm/ima-vectors.ts).
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { gunzipSync } from "node:zlib";

const FOLDER = resolve("test/vectors/ima");
export type RealBank = "sha1" | "sha256" | "sha384" | "sha512";

export interface RealLists {
  readonly name: string;
  readonly kernel: string;
  readonly cmdline: string;
  readonly entries: number;
  /** Lists by the name of their file, without `_runtime_measurements`. */
  readonly lists: ReadonlyMap<string, Uint8Array>;
  /** Values of PCR 0 to 10 by bank. */
  readonly registers: ReadonlyMap<RealBank, ReadonlyMap<number, Uint8Array>>;
}

interface Vector {
  readonly kernel: string;
  readonly cmdline: string;
  readonly entries: number;
  readonly registers: Readonly<Record<RealBank, Readonly<Record<string, string>>>>;
  readonly gzip: Readonly<Record<string, string>>;
}

/** A file whose signature is in the lists, and what it was signed with. */
export interface SignedFile {
  readonly name: string;
  readonly text: string;
  readonly key: string;
  readonly signature: string;
}

const bytesOf = (data: Buffer): Uint8Array => Uint8Array.from(data);

/** All that are there. */
export function realLists(): readonly RealLists[] {
  const files = readdirSync(FOLDER).filter((file) => /^\d/.test(file));
  if (files.length === 0) throw new Error(`${FOLDER} holds no lists`);
  return files.sort().map(readOne);
}

/** One of them. */
export function realList(name: string): RealLists {
  return readOne(`${name}.json`);
}

export function signedFiles(): readonly SignedFile[] {
  const { files } = readJson("signed-files.json") as { readonly files: readonly SignedFile[] };
  return files;
}

function readOne(file: string): RealLists {
  const { gzip, registers, ...rest } = readJson(file) as Vector;
  const lists = Object.entries(gzip).map(([name, text]) => {
    return [name, bytesOf(gunzipSync(Buffer.from(text, "base64")))] as const;
  });
  const banks = Object.entries(registers).map(([bank, values]) => {
    const known = Object.entries(values).map(([number, hex]) => {
      return [Number(number), bytesOf(Buffer.from(hex, "hex"))] as const;
    });
    return [bank as RealBank, new Map(known)] as const;
  });
  return { name: file.slice(0, -5), ...rest, lists: new Map(lists), registers: new Map(banks) };
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(join(FOLDER, file), "utf8"));
}

/** Node's digests, as `ImaDigest`. */
export function realDigest(bank: RealBank, data: Uint8Array): Uint8Array {
  return bytesOf(createHash(bank).update(data).digest());
}
