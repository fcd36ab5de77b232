// SPDX-License-Identifier: Apache-2.0
// What a command does to one workload: the same that the daemon's own API can do, and to an end that can be told.
import { setTimeout as after } from "node:timers/promises";
import type { CommandBody, ResultItem } from "../../../wire/link/index.ts";
import type { ManagedRun } from "../../registry/managed-run.ts";
import { ACT_MS, KILL_LOOK_MS, KILL_WAIT_MS } from "./limits.ts";

/** What became of one workload. */
export type WorkloadResult = NonNullable<ResultItem["workloads"]>[number];

/** Who gives evidence. */
export interface Witness {
  /** @throws Error in one line */
  testify(run: ManagedRun, order: { command: string; nonce: string }): Promise<void>;
}

/** Commands about workloads that run. */
export type ActingCommand = Extract<
  CommandBody,
  { kind: "seal" | "enforce" | "detect" | "kill" | "attest" }
>;

/** Never rejects. */
export async function act(
  run: ManagedRun,
  command: ActingCommand,
  witness: Witness,
): Promise<WorkloadResult> {
  const { id } = run;
  try {
    const words = await inTime(acted(run, command, witness), ACT_MS);
    if (words !== undefined) return { run: id, status: "done", words };
    return { run: id, status: "failed", words: `did not answer for ${ACT_MS} ms` };
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    return { run: id, status: "failed", words };
  }
}

async function acted(run: ManagedRun, command: ActingCommand, witness: Witness): Promise<string> {
  switch (command.kind) {
    case "seal":
      return seal(run);
    case "enforce":
      return enforce(run);
    case "detect":
      return detect(run);
    case "kill":
      return kill(run, `the fleet has ordered it (${command.id})`);
    case "attest":
      await witness.testify(run, { command: command.id, nonce: command.args.nonce });
      return "evidence was given";
    default:
      return command satisfies never;
  }
}

async function seal(run: ManagedRun): Promise<string> {
  if (run.status().sealed) return "was sealed already";
  await run.control({ verb: "seal" });
  return "is sealed";
}

async function enforce(run: ManagedRun): Promise<string> {
  const { sealed, mode, onViolation } = run.status();
  if (sealed && mode === "enforce" && onViolation !== "observe") return "was enforced already";
  if (sealed) {
    await run.control({ verb: "mode", value: "enforce" });
    return "is enforced";
  }
  await run.control({ verb: "enforce" });
  await run.control({ verb: "seal" });
  return "is sealed with what it did until now, and enforced";
}

async function detect(run: ManagedRun): Promise<string> {
  const { sealed, mode } = run.status();
  if (!sealed) return "refuses nothing: its model is not sealed";
  if (mode === "detect") return "was only watched already";
  await run.control({ verb: "mode", value: "detect" });
  return "is only watched from now on";
}

/** All of its processes, also of what was joined while it ran. */
async function kill(run: ManagedRun, reason: string): Promise<string> {
  const began = performance.now();
  const joined = run.origin.kind === "attached";
  // of what was joined a kill ends the modeling only, so its processes are killed first
  if (joined) await killMembers(run);
  run.kill(reason);
  const gone = run.ended.then(
    () => true,
    () => true,
  );
  if ((await inTime(gone, KILL_WAIT_MS)) === undefined)
    throw new Error(`was killed, and is not gone after ${KILL_WAIT_MS} ms`);
  return `is dead, after ${Math.round(performance.now() - began)} ms`;
}

/** undefined: it was not there in time */
async function inTime<T>(work: Promise<T>, ms: number): Promise<T | undefined> {
  const late = new AbortController();
  const waited = after(ms, undefined, { signal: late.signal }).catch(() => undefined);
  try {
    return await Promise.race([work, waited]);
  } finally {
    late.abort();
  }
}

async function killMembers(run: ManagedRun): Promise<void> {
  const end = performance.now() + KILL_WAIT_MS;
  // who forks while it is killed is found the next time
  for (;;) {
    const members = run.pids.filter((pid) => pid > 1 && pid !== process.pid);
    if (members.length === 0) return;
    if (performance.now() > end) throw new Error(`${members.length} processes do not die`);
    members.forEach(killOne);
    await after(KILL_LOOK_MS);
  }
}

function killOne(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
