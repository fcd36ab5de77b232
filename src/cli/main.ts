// SPDX-License-Identifier: Apache-2.0
// The `galgo` command: parses, runs one command, turns whatever goes wrong into one line and an exit status.
// first: nothing else shall see the environment before
import "./inherited.ts";
import { CommanderError } from "commander";
import type { Command } from "commander";
import {
  awaitLoadedThreads,
  hasHungThread,
  keepEarlyWorker,
} from "../orchestrator/thread/index.ts";
import type { EarlyWorker } from "../orchestrator/thread/index.ts";
import { tellError } from "./error-text.ts";
import { EXIT_GALGO, EXIT_TROUBLE, errorStatus } from "./exit-status.ts";
import { createProgram } from "./program.ts";
import { ownVoice, sayError } from "./render.ts";

/** Commands (below `galgo model`) whose status 1 is an answer, so that their own failures are 2. */
const COMPARING = new Set(["diff", "promote", "lint"]);

/** Does what the arguments (from argv[2]) say and ends the process. `early`: a thread that was started for it. */
export async function main(
  argv: readonly string[],
  early: EarlyWorker | undefined,
): Promise<never> {
  if (early !== undefined) keepEarlyWorker(early);
  await command(argv);
  awaitLoadedThreads();
  if (hasHungThread()) {
    const { exitNow } = await import("../native/process.ffi.ts");
    exitNow(Number(process.exitCode ?? 0));
  }
  // leaving the heap as it is saves 30 ms; nothing is pending, and on Linux what was printed has been written
  process.exit();
}

async function command(argv: readonly string[]): Promise<void> {
  const program = createProgram();
  if (argv[2] === "completion" || argv[2] === "complete") {
    (await import("./commands/completion.ts")).addCompletion(program);
  } else {
    // only for --help: the real one costs an import
    program
      .command("completion")
      .argument("<shell>")
      .description("print the completion script of bash, zsh or fish");
  }
  prepare(program);
  try {
    await program.parseAsync(argv);
  } catch (error) {
    process.exitCode = failed(error, argv);
  }
}

/** Every command throws instead of exiting, and says its complaints in one line of ours. */
function prepare(command: Command): void {
  command.exitOverride();
  command.configureOutput({
    outputError: (text) =>
      sayError(
        text
          .replace(/^error: /, "")
          .trim()
          .replaceAll("\n", " "),
      ),
  });
  for (const sub of command.commands) prepare(sub);
}

function failed(error: unknown, argv: readonly string[]): number {
  const comparing =
    argv[2] === "verify" ||
    (argv[2] === "ima" && argv[3] === "check") ||
    (argv[2] === "tpm" && argv[3] === "confirm") ||
    (argv[2] === "model" && COMPARING.has(argv[3] ?? ""));
  const trouble = comparing ? EXIT_TROUBLE : EXIT_GALGO;
  // help and version come this way too, with status 0
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : trouble;
  tellError(error, ownVoice());
  return errorStatus(error, trouble);
}
