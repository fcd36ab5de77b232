// SPDX-License-Identifier: Apache-2.0
// What is wrong with a value that somebody has written, in words.
import { firstFaultPlace, UNSAID } from "../attest/encoding/schema-words.ts";
import { quote } from "../base/quote.ts";
import type * as z from "zod/mini";

type Issue = z.core.$ZodIssue;

export interface Fault {
  /** Of the key that is wrong. */
  readonly path: readonly PropertyKey[];
  /** "key.of.it: what is wrong with it" */
  readonly words: string;
}

/** @param value what was checked */
export function firstFault(error: z.core.$ZodError, value: unknown): Fault {
  const fault = firstFaultPlace(error, value);
  if (fault === undefined) return { path: [], words: "is not usable" };
  const { issue, path, present } = fault;
  const at = path.length === 0 ? "" : `${quote(path.map(String).join("."))}: `;
  return { path, words: `${at}${faultWords(issue, present)}` };
}

/** @param present whether the key is there at all */
function faultWords(issue: Issue, present: boolean): string {
  if (issue.message !== UNSAID) return issue.message;
  switch (issue.code) {
    case "unrecognized_keys":
      return "there is no such key";
    case "invalid_type":
      return present ? `has to be of the type ${issue.expected}` : "is missing";
    case "invalid_value":
      return oneOf(issue.values);
    case "invalid_union":
      return unionWords(issue);
    case "too_small":
      return `has to be at least ${issue.minimum}${lengthWords(issue.origin)}`;
    case "too_big":
      return `has to be at most ${issue.maximum}${lengthWords(issue.origin)}`;
    default:
      return "is not usable";
  }
}

function unionWords(issue: Extract<Issue, { code: "invalid_union" }>): string {
  const { options } = issue as { readonly options?: readonly unknown[] };
  if (options !== undefined) return oneOf(options);
  const values = issue.errors.flat().flatMap((each) => {
    return each.code === "invalid_value" ? each.values : [];
  });
  return values.length === 0 ? "is not usable" : oneOf(values);
}

function oneOf(values: readonly unknown[]): string {
  return `has to be ${values.length === 1 ? "" : "one of "}${values.map((value) => quote(String(value))).join(", ")}`;
}

function lengthWords(origin: string): string {
  if (origin === "string") return " characters long";
  return origin === "array" ? " values" : "";
}
