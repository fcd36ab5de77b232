// SPDX-License-Identifier: Apache-2.0
// Why something was a violation, in the words of `galgo why`, for a workload that still runs.
import { statSync } from "node:fs";
import { join } from "node:path";
import pico from "picocolors";
import { CodedError } from "../../base/errors.ts";
import { quote } from "../../base/quote.ts";
import { explainViolation, findTarget } from "../../orchestrator/inspect/index.ts";
import { nearPath, whySource } from "../why-source.ts";
import { explanationText } from "../why-text.ts";
import type { Listed } from "./listed.ts";

/** A longer file of forensics is not read while somebody waits at the screen (bytes). */
const MAX_EXPLAINED_BYTES: number = 32 * 1024 * 1024;
/** Of an error of the file system, or one that nobody expected. */
const MAX_REASON = 200;

/** The explanation, or `known` and why there is none here. */
export function whyLines(
  { directory, name }: Listed,
  number: number,
  known: readonly string[],
): readonly string[] {
  const without = (reason: string): string[] => [...known, "", `  no explanation here: ${reason}`];
  try {
    const target = findTarget(`${directory}/`, "");
    if (target.kind !== "run") return without(`${quote(directory)} is no run`);
    const size = statSync(join(directory, "forensics.jsonl"), { throwIfNoEntry: false })?.size ?? 0;
    if (size > MAX_EXPLAINED_BYTES)
      return without(`there are many; galgo why ${quote(name)} ${number} takes its time for it`);
    const source = whySource(target, undefined);
    const explanation = explainViolation({ ...source, number });
    const model = "modelFile" in source ? nearPath(source.modelFile) : undefined;
    const names = { name, model, runId: undefined };
    return explanationText(explanation, names, pico.createColors(false)).split("\n");
  } catch (error) {
    if (error instanceof CodedError) return without(error.message);
    // nothing that a file says, or that is wrong with it, takes the screen away
    return without(quote(error instanceof Error ? error.message : String(error), MAX_REASON));
  }
}
