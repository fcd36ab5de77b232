// SPDX-License-Identifier: Apache-2.0
// `galgo thaw` and `galgo kill` as parts of the command line: what a person decides about a workload that was frozen.
import type { Command } from "commander";

/** Adds both. */
export function addDecisions(program: Command): void {
  for (const [decision, description] of [
    ["thaw", "let a workload go on that was frozen (galgo run --on-anomaly freeze)"],
    ["kill", "end a workload that was frozen, or runs under --on-anomaly freeze"],
  ] as const) {
    program
      .command(decision)
      .description(description)
      .argument("<name>", "name of the workload")
      .option("--run <id>", "a run of that name (default: the last one)")
      .option("--json", "print JSON")
      .action(async (name, options) =>
        (await import("./commands/decide.ts")).decide(decision, name, options),
      );
  }
}
