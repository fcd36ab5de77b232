// SPDX-License-Identifier: Apache-2.0
// Templates: which fields an entry has, what their bytes mean, and which bytes the template digest is over. Source: the kernel's
// Documentation/security/IMA-templates.rst and security/integrity/ima/ima_template_lib.c.
import { ByteWriter } from "../../base/bytes.ts";
import { decodePath } from "../../base/path-text.ts";
import type { FileDigest, ImaEntry } from "./types.ts";

/** The original template: a bare SHA-1 and a name, hashed with the name padded to 256 bytes. */
export const OLD_TEMPLATE = "ima";
/** Bytes that the old template's name is padded to before it is hashed. */
export const OLD_NAME_BYTES = 256;
export const OLD_DIGEST_BYTES = 20;

const TEMPLATES: Readonly<Record<string, string>> = {
  ima: "d|n",
  "ima-ng": "d-ng|n-ng",
  "ima-sig": "d-ng|n-ng|sig",
  "ima-ngv2": "d-ngv2|n-ng",
  "ima-sigv2": "d-ngv2|n-ng|sig",
  "ima-buf": "d-ng|n-ng|buf",
  "ima-modsig": "d-ng|n-ng|sig|d-modsig|modsig",
  "evm-sig": "d-ng|n-ng|evmsig|xattrnames|xattrlengths|xattrvalues|iuid|igid|imode",
};
const HEADS: ReadonlySet<string> = new Set(["d|n", "d-ng|n-ng", "d-ngv2|n-ng"]);
const MORE_FIELDS: ReadonlySet<string> = new Set(
  Object.values(TEMPLATES).flatMap((format) => format.split("|").slice(2)),
);
const ALGORITHM = /^[a-z0-9][a-z0-9-]*$/;
const COLON = 0x3a;

/** What an entry's fields mean. */
export type FieldFacts = Pick<ImaEntry, "file" | "path" | "signature" | "buffer">;

/**
 * Names of a template's fields: of a known name, or of a name that is itself a format (`d-ng|n-ng|...`). A register is not extended with
 * the template's name, so a list may come with another one. What a file is called and what its digest is stands first in all
 * formats that are read here, once, so no other name makes other things of the same bytes.
 */
export function fieldsOf(template: string): readonly string[] | undefined {
  const format = Object.hasOwn(TEMPLATES, template) ? TEMPLATES[template] : template;
  const [first = "", second = "", ...more] = (format ?? "").split("|");
  if (!HEADS.has(`${first}|${second}`)) return undefined;
  return more.every((name) => MORE_FIELDS.has(name)) ? [first, second, ...more] : undefined;
}

/** The bytes that the template digest is over: every field with its length, but the old template's two without. */
export function hashedBytes(template: string, fields: readonly Uint8Array[]): Uint8Array {
  const out = new ByteWriter(512);
  fields.forEach((field, i) => {
    if (template !== OLD_TEMPLATE) out.u32(field.length).raw(field);
    else if (i === 0) out.raw(field);
    else out.raw(field).zeros(Math.max(0, OLD_NAME_BYTES - field.length));
  });
  return out.bytes().slice();
}

/** What the fields say. Undefined when a field is not what its name promises. */
export function readFields(
  names: readonly string[],
  fields: readonly Uint8Array[],
): FieldFacts | undefined {
  let facts: FieldFacts = {};
  for (const [i, name] of names.entries()) {
    const more = readField(name, fields[i] ?? new Uint8Array());
    if (more === undefined) return undefined;
    facts = { ...facts, ...more };
  }
  return facts;
}

function readField(name: string, bytes: Uint8Array): FieldFacts | undefined {
  switch (name) {
    case "d":
      if (bytes.length !== OLD_DIGEST_BYTES) return undefined;
      return { file: { kind: "ima", algorithm: "sha1", digest: bytes } };
    case "d-ng":
    case "d-ngv2": {
      const file = readDigest(bytes, name === "d-ngv2");
      return file && { file };
    }
    case "n":
      return bytes.includes(0) ? undefined : { path: decodePath(bytes) };
    case "n-ng":
      if (bytes.indexOf(0) !== bytes.length - 1) return undefined;
      return { path: decodePath(bytes.subarray(0, -1)) };
    case "sig":
      return bytes.length === 0 ? {} : { signature: bytes };
    case "buf":
      return { buffer: bytes };
    default:
      return {};
  }
}

/** `sha256:`, a zero byte, the digest; with `typed`, `ima:` or `verity:` in front. */
function readDigest(bytes: Uint8Array, typed: boolean): FileDigest | undefined {
  const end = bytes.indexOf(0);
  if (end < 2 || bytes[end - 1] !== COLON) return undefined;
  const words = decodePath(bytes.subarray(0, end - 1)).split(":");
  const kind = typed ? words.shift() : "ima";
  const [algorithm, ...rest] = words;
  if (rest.length > 0 || (kind !== "ima" && kind !== "verity")) return undefined;
  if (algorithm === undefined || !ALGORITHM.test(algorithm)) return undefined;
  return { kind, algorithm, digest: bytes.subarray(end + 1) };
}
