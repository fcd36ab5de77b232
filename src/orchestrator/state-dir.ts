// SPDX-License-Identifier: Apache-2.0
// The state directory: <root>/<name>/<run id>/{trajectory,forensics,points,processes}.jsonl and {model,run}.json, and <root>/<name>/latest.
// Its files disclose what a workload does, so only the owner may read them.
import { randomBytes } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeSync,
} from "node:fs";
import { homedir } from "node:os";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { quote } from "../base/quote.ts";
import { StateError } from "./errors.ts";
import { MAX_NAME_LENGTH, MAX_RUNS_KEPT } from "./limits.ts";

/** No leading dot: such entries of the state directory are Galgo's own. */
const NAME = new RegExp(`^[A-Za-z0-9_-][A-Za-z0-9._-]{0,${MAX_NAME_LENGTH - 1}}$`);
const RUN_ID = /^\d{8}T\d{9}Z-[0-9a-f]{6}$/;
const LATEST = "latest";

/** One run's folder and the files in it. */
export interface RunDirectory {
  readonly name: string;
  readonly runId: string;
  readonly path: string;
  readonly trajectory: string;
  readonly forensics: string;
  /** Coefficients with their counts, in the order of discovery. */
  readonly points: string;
  /** Records of a replay that could not be understood; only there when there are any. */
  readonly unreadable: string;
  /** When processes were seen; only there when the sensor tells. */
  readonly processes: string;
  /** The order of events; only there when sequences are learned. */
  readonly sequence: string;
  /** What was strange although the model allows it; only there when sequences are watched. */
  readonly anomalies: string;
  /** What an agent of the user's has found (`--agent`); only there when it has. */
  readonly agent: string;
  /** What was done about anomalies; only there when something was. */
  readonly responses: string;
  readonly model: string;
  readonly run: string;
}

/**
 * Where runs are kept: GALGO_STATE_DIR, else /var/lib/galgo for root, else $XDG_STATE_HOME/galgo.
 * @param cwd what a relative GALGO_STATE_DIR is relative to
 */
export function stateRoot(
  env: Readonly<Record<string, string | undefined>>,
  uid: number,
  cwd: string = process.cwd(),
): string {
  const chosen = env["GALGO_STATE_DIR"];
  if (chosen !== undefined && chosen !== "") return resolve(cwd, chosen);
  if (uid === 0) return "/var/lib/galgo";
  const xdg = env["XDG_STATE_HOME"];
  // the XDG specification: a relative value is to be ignored
  if (xdg !== undefined && isAbsolute(xdg)) return join(xdg, "galgo");
  return join(env["HOME"] || homedir(), ".local", "state", "galgo");
}

/** @throws StateError BAD_NAME unless `name` can be a folder of the state directory. */
export function checkName(name: string): string {
  if (NAME.test(name)) return name;
  throw new StateError(
    "BAD_NAME",
    `${quote(name)} can not name a workload: use 1 to ${MAX_NAME_LENGTH} of A-Z a-z 0-9 . _ -, no dot first (--name NAME)`,
  );
}

/** The name that a command gets when none is given: its last path element, leading dots dropped, other characters replaced. */
export function nameOfCommand(command: string): string {
  const base = command.slice(command.lastIndexOf("/") + 1).replace(/[^A-Za-z0-9._-]/g, "_");
  const name = base.replace(/^\.+/, "").slice(0, MAX_NAME_LENGTH);
  return name === "" ? "workload" : name;
}

/** A run id that sorts by time: 20261121T222105123Z-4f2a9c. */
export function newRunId(now: Date): string {
  const time = now.toISOString().replace(/[-:.]/g, "");
  return `${time}-${randomBytes(3).toString("hex")}`;
}

/**
 * Makes the folder of a new run, points `latest` at it, and removes the oldest finished runs beyond MAX_RUNS_KEPT.
 * @throws StateError NOT_WRITABLE
 */
export function createRun(root: string, name: string, now: Date): RunDirectory {
  const directory = runDirectory(root, checkName(name), newRunId(now));
  try {
    makeFolders(directory.path);
    pointLatest(directory);
  } catch (error) {
    throw new StateError(
      "NOT_WRITABLE",
      `can not write to the state directory ${quote(root)} (${codeOf(error)}); set GALGO_STATE_DIR to a folder you may write`,
      { cause: error },
    );
  }
  prune(root, name);
  return directory;
}

/**
 * An earlier run: the latest one of `name`, or `runId`.
 * @throws StateError NO_SUCH_RUN
 */
export function openRun(root: string, name: string, runId?: string): RunDirectory {
  checkName(name);
  const id = runId ?? latestOf(root, name);
  if (id !== undefined && RUN_ID.test(id)) {
    const directory = runDirectory(root, name, id);
    if (isDirectory(directory.path)) return directory;
  }
  throw new StateError(
    "NO_SUCH_RUN",
    `no run named ${quote(name)} in ${quote(root)}; galgo learn or galgo run with --name ${name} makes one`,
  );
}

/** Names of the workloads that have runs; empty when there is no state directory. */
export function listNames(root: string): string[] {
  try {
    return readdirSync(root)
      .filter((entry) => NAME.test(entry))
      .sort();
  } catch {
    return [];
  }
}

/** Run ids of `name`, oldest first; empty when there is none. */
export function listRuns(root: string, name: string): string[] {
  try {
    return readdirSync(join(root, name))
      .filter((entry) => RUN_ID.test(entry))
      .sort();
  } catch {
    return [];
  }
}

export interface WriteOptions {
  /** Default 0600. */
  readonly mode?: number;
  /** Wait until the content is on the disk: for what a user asked to have, not for the traces of a run. */
  readonly durable?: boolean;
}

/** Stands in messages where a code of the kernel would. */
const NO_FILE = "not an ordinary file";

/**
 * Where the file that is to be replaced lies, behind symbolic links.
 * @throws Error with `code` EISDIR or "not an ordinary file": a device or a pipe must not be replaced by a file
 */
export function replaceable(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return path;
  if (stat.isFile()) return realpathSync(path);
  const code = stat.isDirectory() ? "EISDIR" : NO_FILE;
  throw Object.assign(new Error(`${quote(path)} is not an ordinary file`), { code });
}

/**
 * Writes a file so that readers see the old or the new content, never a part: temporary file, then rename.
 * @throws what `replaceable` and the file system throw
 */
export function writeAtomic(
  file: string,
  content: string | Uint8Array,
  { mode = 0o600, durable = false }: WriteOptions = {},
): void {
  const path = replaceable(file);
  const temporary = join(dirname(path), `.${randomBytes(6).toString("hex")}.galgo-tmp`);
  try {
    const fd = openSync(temporary, "wx", mode);
    try {
      const bytes = typeof content === "string" ? Buffer.from(content) : content;
      for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
      if (durable) fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

function runDirectory(root: string, name: string, runId: string): RunDirectory {
  return runFolder(join(root, name, runId), { name, runId });
}

/** The files of a run in a folder that lies anywhere. */
export function runFolder(
  path: string,
  { name, runId }: Pick<RunDirectory, "name" | "runId">,
): RunDirectory {
  return {
    name,
    runId,
    path,
    trajectory: join(path, "trajectory.jsonl"),
    forensics: join(path, "forensics.jsonl"),
    points: join(path, "points.jsonl"),
    unreadable: join(path, "unreadable.jsonl"),
    processes: join(path, "processes.jsonl"),
    sequence: join(path, "sequence.jsonl"),
    anomalies: join(path, "anomalies.jsonl"),
    agent: join(path, "agent.jsonl"),
    responses: join(path, "responses.jsonl"),
    model: join(path, "model.json"),
    run: join(path, "run.json"),
  };
}

// not mkdir's own "recursive": in a folder that refuses new entries with ENOENT (/proc) Node 20 never returns from it
function makeFolders(path: string): void {
  if (isDirectory(path)) return;
  const parent = dirname(path);
  if (parent !== path) makeFolders(parent);
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    // another Galgo may have made it meanwhile
    if (codeOf(error) !== "EEXIST" || !isDirectory(path)) throw error;
  }
}

function pointLatest(directory: RunDirectory): void {
  const folder = dirname(directory.path);
  const temporary = join(folder, `.${randomBytes(6).toString("hex")}.galgo-tmp`);
  symlinkSync(directory.runId, temporary);
  renameSync(temporary, join(folder, LATEST));
}

function latestOf(root: string, name: string): string | undefined {
  try {
    const target = readlinkSync(join(root, name, LATEST));
    if (RUN_ID.test(target)) return target;
  } catch {
    // fall through: the link may have been removed by hand
  }
  return listRuns(root, name).at(-1);
}

function prune(root: string, name: string): void {
  const runs = listRuns(root, name);
  for (const runId of runs.slice(0, Math.max(0, runs.length - MAX_RUNS_KEPT))) {
    const directory = runDirectory(root, name, runId);
    if (!isRunning(directory)) rmSync(directory.path, { recursive: true, force: true });
  }
}

/** True when the run says that it goes on and its Galgo process is still there. */
function isRunning(directory: RunDirectory): boolean {
  try {
    const run = JSON.parse(readFileSync(directory.run, "utf8")) as {
      status?: unknown;
      galgoPid?: unknown;
    };
    if (run.status !== "running" || typeof run.galgoPid !== "number") return false;
    process.kill(run.galgoPid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === "EPERM";
  }
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}
