// SPDX-License-Identifier: Apache-2.0
// `galgo export` as part of the command line. Only the command that runs is loaded.
import { type Command, Option } from "commander";

/** Adds it. */
export function addExport(program: Command): void {
  program
    .command("export")
    .description("recorded runs as numbers, to train models outside (galgo run --agent)")
    .argument("<run...>", "names of workloads, or folders of runs")
    .option("--features", "windows of events as features (docs/features.md)")
    .addOption(
      new Option("--format <format>", "CSV with a header, or a JSON object a line")
        .choices(["csv", "jsonl"])
        .default("csv"),
    )
    .option("-o, --output <file>", "file to write (default: stdout)")
    .option("--run <id>", "an earlier run of that name (default: the last one)")
    .option("--all", "all runs of each name that are kept")
    .action(async (names, options) =>
      (await import("./commands/export.ts")).exportRuns(names, options),
    );
}
