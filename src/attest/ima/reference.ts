// SPDX-License-Identifier: Apache-2.0
// Reference values for a measurement list: a file that is made where the software is known to be good, and lies with the verifier.
import * as z from "zod/mini";
import { quote } from "../../base/quote.ts";
import { parseStrictJson } from "../encoding/strict-json.ts";
import { firstWords } from "../encoding/schema-words.ts";
import { ImaError } from "./errors.ts";
import type { WantedFile } from "./files.ts";

export const REFERENCE_API_VERSION = "galgo.dev/v1";
export const REFERENCE_KIND = "ImaReference";
/** UTF-16 units of such a file. */
export const MAX_REFERENCE_CHARS: number = 8 * 1024 * 1024;
/** Files that it may name. */
export const MAX_REFERENCE_FILES = 20_000;
const MAX_PATH_CHARS = 4096;
const MAX_CLOSED = 100;
const MAX_DIGESTS = 20;
const MAX_ALGORITHMS = 8;

/** A closed folder of another spelling would close nothing. */
const KERNEL_PATH = /^(?![^\0]*\/(?:\/|\.{1,2}(?:\/|$)))\/[^\0]*$/;

/** What must have been measured, what may, and where nothing else may. */
export interface ImaReference {
  readonly files: readonly WantedFile[];
  /** Folders in which nothing but `files` may have been measured. */
  readonly closed: readonly string[];
  /** Violations that are accepted; see `ImaCase`. */
  readonly violations: number;
}

/** The file, as it is written. */
export interface ImaReferenceFile {
  readonly apiVersion: typeof REFERENCE_API_VERSION;
  readonly kind: typeof REFERENCE_KIND;
  readonly violations?: number;
  readonly closed?: readonly string[];
  readonly files: readonly WantedFile[];
}

let made: z.ZodMiniType<ImaReferenceFile> | undefined;

/** Made when it is asked for. */
export function imaReferenceSchema(): z.ZodMiniType<ImaReferenceFile> {
  made ??= referenceSchema();
  return made;
}

function referenceSchema(): z.ZodMiniType<ImaReferenceFile> {
  const path = z
    .string()
    .check(
      z.regex(KERNEL_PATH, "has to be an absolute path as the kernel writes it (no //, /./, /../)"),
      z.maxLength(MAX_PATH_CHARS),
    );
  const digest = z
    .string()
    .check(z.regex(/^(?:[0-9a-f]{2}){16,64}$/, "has to be a digest in lower case hex"));
  const algorithm = z
    .string()
    .check(z.regex(/^(?:verity:)?[a-z0-9][a-z0-9-]{0,31}$/, "has to be an algorithm like sha256"));
  const digests = z
    .record(algorithm, z.array(digest).check(z.minLength(1), z.maxLength(MAX_DIGESTS)))
    .check(
      z.refine((given) => {
        const count = Object.keys(given).length;
        return count > 0 && count <= MAX_ALGORITHMS;
      }, `has to have 1 to ${MAX_ALGORITHMS} algorithms`),
    );
  return z.strictObject({
    apiVersion: z.literal(REFERENCE_API_VERSION),
    kind: z.literal(REFERENCE_KIND),
    violations: z.exactOptional(z.int().check(z.gte(0))),
    closed: z.exactOptional(z.array(path).check(z.maxLength(MAX_CLOSED))),
    files: z
      .array(z.strictObject({ path, digests, optional: z.exactOptional(z.boolean()) }))
      .check(z.minLength(1), z.maxLength(MAX_REFERENCE_FILES)),
  });
}

export function imaReferenceJsonSchema(): Readonly<Record<string, unknown>> {
  return {
    $id: "https://galgo.dev/schema/v1/ima-reference.schema.json",
    title: "Galgo ImaReference",
    description:
      "Digests of files that the kernel must have measured, or may have, and folders in which it may have measured no others.",
    ...z.toJSONSchema(imaReferenceSchema()),
  };
}

/**
 * Reads such a file.
 * @param name of the file, for messages; shown as it is
 * Throws `ImaError` BAD_REFERENCE, and `SignatureError` BAD_JSON.
 */
export function parseImaReference(text: string, name: string): ImaReference {
  if (text.length > MAX_REFERENCE_CHARS) {
    throw badReference(name, `more than ${MAX_REFERENCE_CHARS} characters`);
  }
  const value = parseStrictJson(text, name);
  const read = imaReferenceSchema().safeParse(value);
  if (!read.success) throw badReference(name, firstWords(read.error, value));
  const { files, closed = [], violations = 0 } = read.data;
  const paths = new Set<string>();
  for (const { path } of files) {
    if (paths.has(path)) throw badReference(name, `${quote(path)} is named twice`);
    paths.add(path);
  }
  return { files, closed, violations };
}

/**
 * One of several, for machines that may have any of them (two releases of one program): a file may have the digests of each, and must have
 * been measured when one of them says so.
 */
export function mergeReferences(references: readonly ImaReference[]): ImaReference {
  const wanted = new Map<string, WantedFile>();
  for (const file of references.flatMap(({ files }) => files)) {
    const known = wanted.get(file.path);
    wanted.set(file.path, known === undefined ? file : mergedFile(known, file));
  }
  return {
    files: [...wanted.values()],
    closed: [...new Set(references.flatMap(({ closed }) => closed))],
    violations: Math.max(0, ...references.map(({ violations }) => violations)),
  };
}

function mergedFile(one: WantedFile, other: WantedFile): WantedFile {
  const digests = new Map(Object.entries(one.digests));
  for (const [name, values] of Object.entries(other.digests))
    digests.set(name, [...new Set([...(digests.get(name) ?? []), ...values])]);
  const optional = one.optional === true && other.optional === true;
  return { path: one.path, digests: Object.fromEntries(digests), ...(optional && { optional }) };
}

/** The text of such a file. */
export function formatImaReference({ files, closed, violations }: ImaReference): string {
  const file: ImaReferenceFile = {
    apiVersion: REFERENCE_API_VERSION,
    kind: REFERENCE_KIND,
    violations,
    closed,
    files,
  };
  return `${JSON.stringify(file, undefined, 2)}\n`;
}

function badReference(name: string, what: string): ImaError {
  return new ImaError("BAD_REFERENCE", `${name}, reference values of IMA: ${what}`);
}
