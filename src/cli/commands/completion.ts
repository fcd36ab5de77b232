// SPDX-License-Identifier: Apache-2.0
// galgo completion SHELL: the script that a shell loads; galgo complete -- WORDS: what that script asks.
import tab from "@bomb.sh/tab/commander";
import type { Command } from "commander";
import { listNames, stateRoot } from "../../orchestrator/inspect/index.ts";

/** Adds both commands to the program, and names of workloads where they are asked for. */
export function addCompletion(program: Command): void {
  const root = tab(program, { completionCommandName: "completion" });
  const names = listNames(stateRoot(process.env, process.getuid?.() ?? -1));
  for (const command of ["show", "why"]) {
    const target = root.commands.get(command)?.arguments.get("name|file");
    if (target === undefined) continue;
    target.handler = (complete) => {
      for (const name of names) complete(name, "workload");
    };
  }
}
