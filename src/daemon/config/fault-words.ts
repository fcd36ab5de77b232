// SPDX-License-Identifier: Apache-2.0
// What is wrong with a value of the configuration, in words.
import { quote } from "../../base/quote.ts";
import type * as z from "zod/mini";

type Issue = z.core.$ZodIssue;

/** What the schema says where it has no words of its own. */
const UNSAID = "Invalid input";

/** @param present whether the file has the key at all */
export function faultWords(issue: Issue, present: boolean): string {
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
