// SPDX-License-Identifier: Apache-2.0
// Namespaces that the kernel keeps although their Galgo was killed, or has left them: which there are, and the run that goes on with one.
import { existsSync, lstatSync, mkdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { quote } from "../../base/quote.ts";
import { stringifyWorkloadModel } from "../../model/index.ts";
import { type AbandonedNamespace, abandoned, NamespaceFlag } from "../../sensor/bpf/index.ts";
import { builtHere, isInstalled } from "../../sensor/bpf/index.ts";
import { RunError } from "../errors.ts";
import { readModel } from "../models/model-use.ts";
import { LONG_JOURNAL_BYTES } from "../limits.ts";
import { readRunRecord, type RunLeft } from "../run-record.ts";
import type { RunPlan } from "../plan.ts";
import type { AttachTarget, RunRequest } from "../run-request.ts";
import { journalBytes } from "./journal-lines.ts";
import type { BpfSetup } from "./setup.ts";
import { type RunDirectory, runFolder, writeAtomic } from "../state-dir.ts";

const FOLDER = "adoption";
const REQUEST = "request.json";
const MODEL = "model.json";
/** Group and others. */
const OTHERS_WRITE = 0o022;

/** What another Galgo needs lies below the folder of the run, as long as that goes on. */
export function keepingFolder({ path }: Pick<RunDirectory, "path">): string {
  return join(path, FOLDER);
}

/** What of a request has a meaning for who goes on with the run. */
type KeptRequest = Pick<
  RunRequest,
  | "mode"
  | "onViolation"
  | "modelFile"
  | "signature"
  | "rules"
  | "base"
  | "aggregate"
  | "name"
  | "stateRoot"
  | "cwd"
  | "deadlineMs"
  | "onExit"
  | "allowWeaker"
> & { readonly attach: AttachTarget };

/** Leaves what is asked of the run, before there is a namespace. @throws Error of the file system */
export function keepRequest(
  directory: RunDirectory,
  request: RunRequest,
  {
    name,
    model,
    signature,
    attach,
  }: Pick<RunPlan, "name" | "model" | "signature"> & {
    readonly attach: AttachTarget;
  },
): void {
  const folder = keepingFolder(directory);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // the file that was given may be another one by then
  if (model !== undefined) writeAtomic(join(folder, MODEL), stringifyWorkloadModel(model));
  const { mode, onViolation, modelFile, rules, stateRoot, cwd, deadlineMs, onExit, allowWeaker } =
    request;
  const { base, aggregate } = request;
  const kept: KeptRequest = {
    ...{ mode, onViolation, rules, name, stateRoot, cwd, deadlineMs, onExit, allowWeaker, attach },
    ...(modelFile === undefined ? {} : { modelFile }),
    ...(base === undefined ? {} : { base }),
    ...(signature === undefined ? {} : { signature }),
    ...(typeof aggregate === "string" ? { aggregate } : {}),
  };
  writeAtomic(join(folder, REQUEST), JSON.stringify(kept));
}

/** A namespace without its Galgo. */
export interface Adoptable extends AbandonedNamespace {
  /** The run that it belongs to; undefined: nobody can go on with it. */
  readonly run: RunDirectory | undefined;
  /** Why nobody can. */
  readonly why: string | undefined;
}

/** Namespaces of dead Galgos that the kernel keeps. Changes nothing. @throws BpfError */
export function adoptable(): Adoptable[] {
  return abandoned().map((left) => {
    const run = runOf(left.trail);
    const why = obstacle(left, run);
    return { ...left, run: why === undefined ? run : undefined, why };
  });
}

function runOf(trail: string | undefined): RunDirectory | undefined {
  if (trail === undefined) return undefined;
  const folder = keepingFolder({ path: trail });
  if (!isOurs(folder) || !existsSync(join(folder, REQUEST))) return undefined;
  return runFolder(trail, { name: basename(dirname(trail)), runId: basename(trail) });
}

/** What lies in it is believed: nobody else may have written there. */
function isOurs(folder: string): boolean {
  const found = lstatSync(folder, { throwIfNoEntry: false });
  if (found === undefined || !found.isDirectory()) return false;
  return found.uid === process.getuid?.() && (found.mode & OTHERS_WRITE) === 0;
}

function obstacle(
  { trail, build, flags }: AbandonedNamespace,
  run: RunDirectory | undefined,
): string | undefined {
  if (trail === undefined) return "its Galgo had started it, and it dies with that one";
  if (run === undefined) return "what its Galgo had kept for that is gone, or is not ours";
  if (build !== builtHere()) return "its programs are of another version of Galgo";
  return (flags & NamespaceFlag.active) === 0 ? "its Galgo had let go of it" : undefined;
}

/**
 * The request that goes on with a run.
 * @throws RunError BAD_OPTION when nobody can
 */
export function adoptionRequest({ run, why, slot, serial }: Adoptable): RunRequest {
  if (run === undefined)
    throw new RunError(
      "BAD_OPTION",
      `nobody can go on with the namespace in slot ${slot}: ${why ?? "no run"}`,
    );
  const folder = keepingFolder(run);
  try {
    const { attach, ...kept } = JSON.parse(
      readFileSync(join(folder, REQUEST), "utf8"),
    ) as KeptRequest;
    const file = join(folder, MODEL);
    const model = existsSync(file) ? readModel(readFileSync(file, "utf8"), file) : undefined;
    return {
      ...kept,
      ...(model === undefined ? {} : { model }),
      command: [],
      env: {},
      bpf: { attach, adopt: { run, slot, serial } },
    };
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new RunError(
      "BAD_OPTION",
      `can not go on with the run in ${quote(run.path)}: ${message}`,
      { cause },
    );
  }
}

/** The living process that goes on with a run; undefined: none. */
export function servedBy(directory: string): number | undefined {
  try {
    const { run } = runFolder(directory, { name: "", runId: "" });
    const { status, galgoPid } = readRunRecord(run);
    if (status !== "running") return undefined;
    process.kill(galgoPid, 0);
    return galgoPid;
  } catch {
    return undefined; // no such process, or no such run
  }
}

/** How the Galgo that served a run has ended in order; undefined: it has not, or there is no such run. */
export function leftWord(directory: string): RunLeft | undefined {
  try {
    return readRunRecord(runFolder(directory, { name: "", runId: "" }).run).left;
  } catch {
    return undefined;
  }
}

/** Whether a namespace takes long to make: its programs are not in the kernel yet, or much was kept of it. */
export function takesLong({ keeping }: Pick<BpfSetup, "keeping">): boolean {
  const build = builtHere();
  if (build === undefined || !isInstalled(build)) return true;
  return keeping?.adopt !== undefined && journalBytes(keeping.folder) > LONG_JOURNAL_BYTES;
}

/** The record of a run that is gone on with. @throws StateError BAD_RUN_FILE */
export function resumedRecord(directory: RunDirectory): ReturnType<typeof readRunRecord> {
  const { error: _, outcome: __, left, ...record } = readRunRecord(directory.run);
  const last = { at: new Date().toISOString(), ...(left === undefined ? {} : { left }) };
  const adopted = [...(record.adopted ?? []), last];
  return { ...record, status: "running", galgoPid: process.pid, adopted };
}
