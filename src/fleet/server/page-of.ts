// SPDX-License-Identifier: Apache-2.0
// Which part of a list a request is for.
import { DEFAULT_ROWS, MAX_ROWS } from "../../wire/api/index.ts";
import { FleetError } from "../errors.ts";
import type { FleetCall } from "./http.ts";

export interface PageAsked {
  readonly q: string;
  readonly offset: number;
  readonly limit: number;
}

const MAX_Q_CHARS = 256;
const MAX_OFFSET = 10_000_000;

/** `?q` `&offset` `&limit` of a request. @throws FleetError BAD_REQUEST */
export function pageOf({ req }: FleetCall): PageAsked {
  const q = req.query("q") ?? "";
  if (q.length > MAX_Q_CHARS) {
    throw new FleetError("BAD_REQUEST", `q has at most ${MAX_Q_CHARS} characters`);
  }
  return {
    q,
    offset: numberOf(req.query("offset"), "offset", { usual: 0, most: MAX_OFFSET }),
    limit: numberOf(req.query("limit"), "limit", { usual: DEFAULT_ROWS, most: MAX_ROWS }),
  };
}

function numberOf(
  text: string | undefined,
  name: string,
  { usual, most }: { readonly usual: number; readonly most: number },
): number {
  if (text === undefined) return usual;
  const value = Number(text);
  if (/^\d{1,9}$/.test(text) && value <= most) return value;
  throw new FleetError("BAD_REQUEST", `${name} is a number up to ${most}`);
}
