// SPDX-License-Identifier: Apache-2.0
// Errors as answers: a status, a stable code, one sentence.
import { CodedError } from "../../base/errors.ts";
import type { Problem } from "./types.ts";

const STATUS: Readonly<Record<string, 400 | 403 | 404 | 409 | 500 | 501 | 503>> = {
  NOT_FOUND: 404,
  AMBIGUOUS: 409,
  NOT_ALLOWED: 403,
  BAD_REQUEST: 400,
  CONFLICT: 409,
  NOT_SERVED: 501,
  // orders to a namespace
  SEALED: 409,
  TOO_LATE: 409,
  ENDED: 409,
  NOT_SUPPORTED: 501,
  FAILED: 500,
  // evidence
  BAD_ORDER: 400,
  NOT_READY: 409,
  BUSY: 503,
  NO_EVIDENCE: 500,
  NO_BUILD: 500,
  HALF_WRITTEN: 500,
  // a reload
  STOPPING: 409,
  NOT_RELOADED: 409,
};
const TITLES: Readonly<Record<number, string>> = {
  400: "Bad Request",
  403: "Forbidden",
  404: "Not Found",
  409: "Conflict",
  500: "Internal Server Error",
  501: "Not Implemented",
  503: "Service Unavailable",
};

/** What an error is answered with. An error that is no refusal of ours is told without its insides. */
export function problemOf(error: unknown): Problem {
  if (!(error instanceof CodedError)) {
    return problem(500, "INTERNAL", "the daemon failed at this request; its log says where");
  }
  return problem(STATUS[error.code] ?? 400, error.code, error.message);
}

export function problemResponse(body: Problem): Response {
  return new Response(`${JSON.stringify(body)}\n`, {
    status: body.status,
    headers: { "content-type": "application/problem+json" },
  });
}

function problem(status: number, code: string, detail: string): Problem {
  return { type: "about:blank", title: TITLES[status] ?? "Error", status, code, detail };
}
