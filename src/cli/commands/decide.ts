// SPDX-License-Identifier: Apache-2.0
// galgo thaw NAME, galgo kill NAME: decides about a frozen workload.
import { userInfo } from "node:os";
import { decideRun, openRun, stateRoot } from "../../orchestrator/inspect/index.ts";
import { outJson, outLine } from "../render.ts";

interface DecideOptions {
  readonly run?: string;
  readonly json?: boolean;
}

/** @throws StateError NO_SUCH_RUN; RunError NO_DECISION, BAD_OPTION */
export async function decide(
  decision: "thaw" | "kill",
  name: string,
  options: DecideOptions,
): Promise<void> {
  const root = stateRoot(process.env, process.getuid?.() ?? -1);
  const run = openRun(root, name, options.run);
  const words = await decideRun(run.path, decision, `user ${personOf()}`);
  if (options.json === true) outJson({ name, run: run.runId, decision, words });
  else outLine(`${name} ${words}`);
}

function personOf(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? "unknown");
  }
}
