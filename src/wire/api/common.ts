// SPDX-License-Identifier: Apache-2.0
// What all answers of the fleet's HTTP API have in common (/api/v1). Each area has a file of its own beside this one.

/** viewer reads; operator also commands, approves and decides; admin also has users, tokens and keys. */
export type Role = "viewer" | "operator" | "admin";

export const ROLES: readonly Role[] = ["viewer", "operator", "admin"];

/** Whether `role` may do what `needed` may. */
export function isAtLeast(role: Role, needed: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(needed);
}

/** A page of a list: `?q` `&sort` `&offset` `&limit`. */
export interface Rows<T> {
  readonly rows: readonly T[];
  /** Without paging. */
  readonly total: number;
  readonly offset: number;
}

/** Rows of one answer, when nothing else is said and at most. */
export const DEFAULT_ROWS = 100;
export const MAX_ROWS = 1_000;

/** Instead of an answer: application/problem+json (RFC 9457). */
export interface FleetProblem {
  readonly type: "about:blank";
  readonly title: string;
  readonly status: number;
  /** Stable, for programs. */
  readonly code: string;
  /** A sentence for people. */
  readonly detail: string;
}

/** `GET /healthz`, for anybody. */
export interface FleetHealth {
  readonly status: "ok" | "failing";
  readonly version: string;
  /** Each part that something stands or falls with. */
  readonly parts: Readonly<Record<string, "ok" | "failing">>;
}

/** Header of every request that changes something with the session of a browser. */
export const CSRF_HEADER = "galgo-csrf";
