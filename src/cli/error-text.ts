// SPDX-License-Identifier: Apache-2.0
// What is said of an error that ends a command.
import { CodedError } from "../base/errors.ts";
import type { Voice } from "./render.ts";

/** One line for an error that ends a command. */
export function tellError(
  error: unknown,
  voice: Voice,
  env: Readonly<Record<string, string | undefined>> = process.env,
): void {
  const message = error instanceof Error ? error.message : String(error);
  voice.sayError(
    error instanceof CodedError ? message : `internal error: ${message}; please report it`,
  );
  if (env["GALGO_DEBUG"] === "1" && error instanceof Error) voice.sayError(error.stack ?? "");
}
