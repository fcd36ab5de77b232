// SPDX-License-Identifier: Apache-2.0
// The API described for programs (OpenAPI 3.1).

/** A JSON value. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [name: string]: Json };

export function openApiDocument(version: string): Json {
  return { openapi: "3.1.0", info: { title: "Galgo daemon", version }, paths: {} };
}
