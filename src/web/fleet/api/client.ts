// SPDX-License-Identifier: Apache-2.0
// Requests to the fleet's API. What is refused is an error with the code and the sentence of the server.
import { CodedError } from "../../../base/errors.ts";
import { CSRF_HEADER } from "../../../wire/api/index.ts";

/** An answer that is no success, or none at all (code OFFLINE). */
export class ApiError extends CodedError {
  readonly status: number;

  constructor(status: number, code: string, message: string) {
    super(code, message);
    this.status = status;
  }
}

const BASE = "/api/v1/";

let csrf = "";
let loggedOut: () => void = () => {};

/** The token of the session, from the answer to a login or to `me`. */
export function useCsrfToken(token: string): void {
  csrf = token;
}

/** Headers of a request that changes something. */
export function csrfHeaders(): Readonly<Record<string, string>> {
  return { [CSRF_HEADER]: csrf };
}

/** What is done when the server knows the session no longer. */
export function onLoggedOut(act: () => void): void {
  loggedOut = act;
}

/** Reads. @param path below /api/v1/ @throws ApiError */
export function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return send<T>(path, signal === undefined ? {} : { signal });
}

/** Changes something. @throws ApiError */
export function send<T>(path: string, init: RequestInit): Promise<T> {
  return answered<T>(fetch(BASE + path, { credentials: "same-origin", ...init }));
}

/** Sends JSON. @throws ApiError */
export function post<T>(path: string, body: unknown = {}, method = "POST"): Promise<T> {
  return send<T>(path, {
    method,
    headers: { "content-type": "application/json", ...csrfHeaders() },
    body: JSON.stringify(body),
  });
}

/** Removes. @throws ApiError */
export function remove<T>(path: string): Promise<T> {
  return send<T>(path, { method: "DELETE", headers: csrfHeaders() });
}

async function answered<T>(asked: Promise<Response>): Promise<T> {
  const response = await asked.catch((error: unknown) => {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, "OFFLINE", "The server does not answer.");
  });
  if (response.status === 204) return undefined as T;
  const body: unknown = await response.json().catch(() => undefined);
  if (response.ok) return body as T;
  if (response.status === 401) loggedOut();
  throw refusal(response, body);
}

function refusal({ status, statusText }: Response, body: unknown): ApiError {
  const { code, detail } = (body ?? {}) as { readonly code?: unknown; readonly detail?: unknown };
  return new ApiError(
    status,
    typeof code === "string" ? code : "FAILED",
    typeof detail === "string" ? detail : `The server answered ${status} ${statusText}.`,
  );
}
