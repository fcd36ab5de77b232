// SPDX-License-Identifier: Apache-2.0
// What a schema has against a value, in words.
import type * as z from "zod/mini";
import { quote } from "../../base/quote.ts";

const MAX_PATH = 120;
/** What the schema says where it has no words of its own. */
export const UNSAID = "Invalid input";

/** Where a value has its first fault. */
export interface FaultPlace {
  readonly issue: z.core.$ZodIssue;
  /** Of the member that is wrong, a member that nobody knows included. */
  readonly path: readonly PropertyKey[];
  /** Something is there. */
  readonly present: boolean;
}

/** The first fault that a schema has found; undefined when it names none. @param value what was checked */
export function firstFaultPlace(
  { issues }: z.core.$ZodError,
  value: unknown,
): FaultPlace | undefined {
  const [issue] = issues;
  if (issue === undefined) return undefined;
  const unknown = issue.code === "unrecognized_keys" ? issue.keys[0] : undefined;
  const path = [...issue.path, ...(unknown === undefined ? [] : [unknown])];
  return { issue, path, present: path.reduce<unknown>(memberOf, value) !== undefined };
}

/** The first fault and its place: `signatures.0.sig: has to be at least 1`. */
export function firstWords(error: z.core.$ZodError, value: unknown): string {
  const fault = firstFaultPlace(error, value);
  if (fault === undefined) return "it can not be used";
  const { issue, path, present } = fault;
  const at = path.length === 0 ? "" : `${quote(path.map(String).join("."), MAX_PATH)} `;
  return `${at}${words(issue, present)}`;
}

function memberOf(value: unknown, key: PropertyKey): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, key)
    ? (value as Record<PropertyKey, unknown>)[key]
    : undefined;
}

function words(issue: z.core.$ZodIssue, there: boolean): string {
  if (issue.message !== UNSAID) return issue.message;
  switch (issue.code) {
    case "unrecognized_keys":
      return "is not known";
    case "invalid_type":
      return there ? `has to be of the type ${issue.expected}` : "is missing";
    case "invalid_value":
      return `has to be ${issue.values.map((each) => quote(String(each), 60)).join(" or ")}`;
    case "too_small":
      return `has to have at least ${issue.minimum}`;
    case "too_big":
      return `may have at most ${issue.maximum}`;
    default:
      return "is not written as it has to be";
  }
}
