// SPDX-License-Identifier: Apache-2.0
// Where a person decides about a workload that was frozen: a socket in the folder of the run, wherever the run lives.
import { RunError } from "../errors.ts";
import { askDoor, type DoorKind, type RunDoor, serveDoor } from "../run-door.ts";
import type { Decision, Responder } from "./responder.ts";

const DECISIONS: DoorKind = {
  name: "respond.sock",
  purpose: "decisions",
  absent: "waits for no decision: it has ended, or was not started with --on-anomaly freeze",
  answerMs: 30_000,
  maxAnswerBytes: 64 * 1024,
  error: (code, message, cause) =>
    new RunError(code === "REFUSED" ? "BAD_OPTION" : "NO_DECISION", message, { cause }),
};

/** @throws RunError NO_DECISION: the socket can not be made */
export function serveDecisions(folder: string, responder: Responder): Promise<RunDoor> {
  return serveDoor(DECISIONS, folder, async (order) => {
    const { decision, person } = JSON.parse(order) as Partial<Record<string, unknown>>;
    if ((decision !== "thaw" && decision !== "kill") || typeof person !== "string")
      throw new RunError("BAD_OPTION", "an order is thaw or kill, and says who gives it");
    return { words: await responder.decide(decision, person.slice(0, 200)) };
  });
}

/** @returns what became of the workload, in words @throws RunError NO_DECISION, BAD_OPTION */
export async function decideRun(
  folder: string,
  decision: Decision,
  person: string,
): Promise<string> {
  const answer = await askDoor(DECISIONS, folder, JSON.stringify({ decision, person }));
  const { words } = JSON.parse(answer) as { readonly words?: unknown };
  return typeof words === "string" ? words.replace(/\p{C}/gu, "?") : "";
}
