// SPDX-License-Identifier: Apache-2.0
// What a request for a list wants: filters, an order, a part of it.
import { sql, type RawBuilder } from "kysely";
import { FleetError } from "../errors.ts";
import type { FleetCall } from "../server/http.ts";
import { type PageAsked, pageOf } from "../server/page-of.ts";
import { dbText, holding } from "../store/index.ts";

const MAX_FILTER_CHARS = 512;

export interface ListAsked extends PageAsked {
  /** Filters by name; those that were not given are absent. */
  readonly only: Readonly<Record<string, string>>;
  /** Field, and whether its largest values come first. */
  readonly sort?: { readonly field: string; readonly down: boolean };
}

/** @param filters that the list knows. @param fields that it can be sorted by @throws FleetError BAD_REQUEST */
export function listAsked(
  call: FleetCall,
  filters: readonly string[],
  fields: readonly string[],
): ListAsked {
  const only: Record<string, string> = {};
  for (const name of filters) {
    const value = call.req.query(name) ?? "";
    if (value.length > MAX_FILTER_CHARS) {
      throw new FleetError("BAD_REQUEST", `${name} has at most ${MAX_FILTER_CHARS} characters`);
    }
    if (value !== "") only[name] = dbText(value);
  }
  return { ...pageOf(call), only, ...sortAsked(call.req.query("sort") ?? "", fields) };
}

function sortAsked(text: string, fields: readonly string[]): Pick<ListAsked, "sort"> {
  if (text === "") return {};
  const field = text.replace(/^-/, "");
  if (fields.includes(field)) return { sort: { field, down: text.startsWith("-") } };
  throw new FleetError(
    "BAD_REQUEST",
    `this list is sorted by ${fields.join(", ")}, or -${fields[0]}`,
  );
}

/** Whether a column begins with a text. @param text hex, or what an id is made of */
export function beginsWith(column: string, text: string): RawBuilder<boolean> {
  return sql<boolean>`${sql.ref(column)} like ${holding(text).slice(1)} escape '\\'`;
}

/** Direction of an order, as SQL says it. */
export const direction = (down: boolean): "asc" | "desc" => (down ? "desc" : "asc");
