// SPDX-License-Identifier: Apache-2.0
// `galgo eval` as part of the command line. Only the command that runs is loaded.
import type { Command } from "commander";

/** Adds it. */
export function addEval(program: Command): void {
  program
    .command("eval")
    .description("learn sequences from traces and try them on normal traces and attacks")
    .requiredOption("--train <dir>", "normal traces to learn from: files of numbers, or of records")
    .requiredOption("--normal <dir>", "other normal traces")
    .requiredOption("--attack <dir>", "traces of attacks, in a folder for each family")
    .option(
      "--indicators <dir>",
      "traces that are known to be bad, other ones than those of --attack",
    )
    .option("--json", "print JSON")
    .action(async (options) => (await import("./commands/eval.ts")).evaluate(options));
}
