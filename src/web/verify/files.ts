// SPDX-License-Identifier: Apache-2.0
// Files that were dropped on the page, told apart by what they hold.
import { looksSigned } from "../../attest/signed/sigstore-bundle.ts";
import { looksLikeToken, type NamedText, tokenOfBytes } from "../../attest/verify/index.ts";
import { quote } from "../../base/quote.ts";

export interface DroppedFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** What each of them is taken for. */
export type FileKind = "evidence" | "policy" | "signed model" | "coefficients" | "other";

export interface Sorted {
  readonly kinds: readonly { readonly name: string; readonly kind: FileKind }[];
  readonly token?: string | Uint8Array;
  readonly policy?: NamedText;
  /** Signed ones. */
  readonly models: readonly NamedText[];
  readonly coefficients?: readonly string[];
  /** Text of a file by the name that a policy gives it: folders are not looked at. */
  readonly text: (name: string) => string;
  /** Names of files of which only one can be meant, if there are any. Which one is for nobody to guess. */
  readonly rivals: readonly string[];
}

/** Who brings evidence may bring a policy with it, which must not take the place of one's own. */
const ONE_ONLY: readonly FileKind[] = ["evidence", "policy", "coefficients"];

const LINE = /^(?:\{"coefficient": ?")?((?:[0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128}))(?:".*\})?$/;

export function sortFiles(files: readonly DroppedFile[]): Sorted {
  const texts = new Map<string, string>();
  const models: NamedText[] = [];
  const kinds: { name: string; kind: FileKind }[] = [];
  let token: string | Uint8Array | undefined;
  let policy: NamedText | undefined;
  let coefficients: readonly string[] | undefined;
  for (const { name, bytes } of files) {
    const text = new TextDecoder().decode(bytes);
    const kind = kindOf(bytes, text);
    kinds.push({ name, kind });
    texts.set(name, text);
    if (kind === "evidence") token = tokenOfBytes(bytes);
    if (kind === "policy") policy = { name: quote(name), text };
    if (kind === "signed model") models.push({ name: quote(name), text });
    if (kind === "coefficients") coefficients = coefficientsOf(text);
  }
  return {
    kinds,
    models,
    rivals: rivalsAmong(kinds),
    ...(token !== undefined && { token }),
    ...(policy !== undefined && { policy }),
    ...(coefficients !== undefined && { coefficients }),
    text: (name) => textOf(texts, name),
  };
}

/** Files of one name, or of a kind of which there can be one. */
function rivalsAmong(kinds: Sorted["kinds"]): readonly string[] {
  const groups = [
    ...kinds.map(({ name }) => kinds.filter((each) => each.name === name)),
    ...ONE_ONLY.map((one) => kinds.filter(({ kind }) => kind === one)),
  ];
  return (groups.find((each) => each.length > 1) ?? []).map(({ name }) => name);
}

/** A file beside those that are there already; one that is the same in name and content is there. */
export function withFile(
  files: readonly DroppedFile[],
  { name, bytes }: DroppedFile,
): readonly DroppedFile[] {
  const same = (each: DroppedFile): boolean =>
    each.name === name &&
    each.bytes.length === bytes.length &&
    each.bytes.every((byte, at) => byte === bytes[at]);
  return files.some(same) ? files : [...files, { name, bytes }];
}

function kindOf(bytes: Uint8Array, text: string): FileKind {
  if (looksLikeToken(bytes)) return "evidence";
  if (/"kind"\s*:\s*"VerifierPolicy"/.test(text)) return "policy";
  if (looksSigned(text)) return "signed model";
  return coefficientsOf(text) === undefined ? "other" : "coefficients";
}

/** Of lines of hex, or of a run's points.jsonl. */
function coefficientsOf(text: string): readonly string[] | undefined {
  const found: string[] = [];
  for (const line of text.trim().split(/\r?\n/)) {
    const coefficient = LINE.exec(line)?.[1];
    if (coefficient === undefined) return undefined;
    found.push(coefficient);
  }
  return found;
}

function textOf(texts: ReadonlyMap<string, string>, name: string): string {
  const text = texts.get(name) ?? texts.get(name.replace(/^.*\//, ""));
  if (text !== undefined) return text;
  throw new Error(`the policy names the file ${quote(name)}: drop it here too`);
}
