// SPDX-License-Identifier: Apache-2.0
// What every attack needs: a place with a secret in it, hostile programs compiled once, a benign run to learn from, the attack
// under the enforced model, and the questions afterwards: no harm, status 121, the event named, records clean, nothing left behind.
import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { ownCgroup } from "../../src/orchestrator/cgroup-mount.ts";
import { splitMark } from "../../src/orchestrator/records/marks.ts";
import type { Mark } from "../../src/orchestrator/records/marks.ts";
import { readRunRecord, type RunRecord } from "../../src/orchestrator/run-record.ts";
import {
  type Outcome,
  type RunOptions,
  type Running,
  USER,
  type User,
  Workplace,
} from "../workloads/workplace.ts";

const PROGRAMS = join(import.meta.dirname, "programs");
const VIOLATED = 121;
const POLL_MS = 10;
const DEADLINE_MS = 20_000;
/** Control characters but the end of a line, direction marks, other ends of lines, and bytes that are not UTF-8 once decoded. */
const UNCLEAN = /(?!\n)[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}\ufffd]/u;

/** What a run may leave. */
const FILES: ReadonlySet<string> = new Set([
  "forensics.jsonl",
  "model.json",
  "points.jsonl",
  "processes.jsonl",
  "run.json",
  "trajectory.jsonl",
]);

let builds: string | undefined;

/** Flags of the C compiler for one program; two programs from one source have different names. */
export interface BuildOptions {
  readonly source?: string;
  readonly flags?: readonly string[];
}

/** Compiles test/attacks/programs/NAME.c, once per process. @returns the program's path */
export function build(name: string, { source = name, flags = [] }: BuildOptions = {}): string {
  builds ??= newBuildFolder();
  const path = join(builds, name);
  if (existsSync(path)) return path;
  const all = ["-O1", "-Wall", "-Wextra", "-o", path, join(PROGRAMS, `${source}.c`), ...flags];
  execFileSync("cc", [...all, "-lpthread"], { stdio: ["ignore", "inherit", "inherit"] });
  return path;
}

function newBuildFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "galgo-attacks-"));
  chmodSync(folder, 0o755);
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Skips the test where it can not be made: without a C compiler, or on another machine than `arch`. */
export function cannot(t: TestContext, { root = false, x64 = false } = {}): boolean {
  if (spawnSync("cc", ["--version"]).status !== 0) t.skip("needs a C compiler");
  else if (root && process.getuid?.() !== 0) t.skip("needs root");
  else if (x64 && process.arch !== "x64") t.skip("is about x86-64");
  else return false;
  return true;
}

/** An event that the forensics have to name. */
export interface Refusal {
  /** Hook, or the name of a system call that has none. */
  readonly hook: string;
  /** What the record of it has to hold; any when absent. */
  readonly names?: RegExp | string;
  readonly reason?: RegExp;
  readonly decision?: Mark["decision"];
}

/** A line of forensics.jsonl. */
export interface Forensic {
  readonly hook: string;
  readonly text: string;
  readonly mark: Mark | undefined;
}

/** A place to attack. `/work` of it is the working directory of the programs. */
export class Arena extends Workplace {
  /** A file that no model allows to read, and what is in it. */
  readonly secret: string;
  readonly token: string = `token-${randomBytes(12).toString("hex")}`;
  /** In the environment of every process that the attack starts. */
  readonly #marker: string = `GALGO_ARENA=${randomBytes(12).toString("hex")}`;
  readonly #children: ChildProcess[] = [];

  constructor(t: TestContext, user: User = USER) {
    super(t, user);
    const [name = "", value = ""] = this.#marker.split("=");
    this.env[name] = value;
    this.secret = this.write("secret", `${this.token}\n`, 0o600);
    this.write("allowed", "allowed\n");
    this.own(this.work);
    t.after(async () => {
      const ended = this.#children.map(hasEnded);
      for (const child of this.#children) child.kill("SIGKILL");
      await Promise.all(ended);
      rmSync(this.folder, { recursive: true, force: true });
    });
  }

  /** Runs a program beside the workload, outside of Galgo, until the test is over. */
  beside(command: string, ...args: readonly string[]): ChildProcess {
    const child = spawn(command, args, { cwd: this.work, stdio: ["ignore", "pipe", "inherit"] });
    this.#children.push(child);
    return child;
  }

  /** In a process group of its own: an attack on the group must not reach the tests. */
  override start(args: readonly string[], { stdin = "", env = {} }: RunOptions = {}): Running {
    const { uid } = this.user;
    const [command = "", ...words] = this.command(...args);
    const child = spawn(command, words, {
      cwd: this.work,
      env: { ...this.env, ...env },
      detached: true,
      ...(uid === undefined ? {} : { uid, gid: uid }),
    });
    child.stdin.on("error", () => undefined); // it may end before it has read everything
    child.stdin.end(stdin);
    this.#children.push(child);
    const output = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const) {
      child[name].setEncoding("utf8").on("data", (part: string) => {
        output[name] += part;
      });
    }
    const ended = new Promise<Outcome>((done, failed) => {
      child.once("error", failed);
      child.once("close", (status, signal) => done({ status, signal, ...output }));
    });
    return { process: child, ended };
  }

  /** Learns `command("learn")`, then runs `command("attack")` enforced and asks all questions. */
  async attack(
    command: (mode: "learn" | "attack") => readonly string[],
    refusals: readonly Refusal[],
    options: RunOptions = {},
  ): Promise<Outcome> {
    await this.learn(command("learn"));
    return this.attacked(command("attack"), refusals, options);
  }

  /** The attack alone; a model has been learned. */
  async attacked(
    command: readonly string[],
    refusals: readonly Refusal[],
    options: RunOptions = {},
  ): Promise<Outcome> {
    const outcome = await this.enforce(command, options);
    const said = this.describe(outcome);
    assert.equal(outcome.status, options.status ?? VIOLATED, said);
    this.assertHarmless(outcome);
    for (const refusal of refusals) this.assertNamed(refusal, said);
    await this.assertNothingLeft();
    return outcome;
  }

  assertHarmless(outcome: Outcome): void {
    const said = this.describe(outcome);
    assert.doesNotMatch(outcome.stdout, /^HARM/m, said);
    assert.doesNotMatch(outcome.stderr, /^HARM/m, said);
    assert.ok(
      !(outcome.stdout + outcome.stderr).includes(this.token),
      `the secret is out\n${said}`,
    );
  }

  assertNamed({ hook, names = /(?:)/, reason, decision }: Refusal, said: string): void {
    const found = this.violations().some(
      ({ hook: its, text, mark }) =>
        its === hook &&
        (typeof names === "string" ? text.includes(names) : names.test(text)) &&
        (reason === undefined || reason.test(mark?.reason ?? "")) &&
        (decision === undefined || mark?.decision === decision),
    );
    assert.ok(found, `no violation of ${hook} that names ${names}\n${said}`);
  }

  /** Violations of the latest run, from records whose every line is checked to be one clean JSON object. */
  violations(): readonly Forensic[] {
    return this.records().filter(({ mark }) => mark?.kind === "violation");
  }

  records(): readonly Forensic[] {
    const text = readFileSync(join(this.#run(), "forensics.jsonl"), "utf8");
    assert.ok(text === "" || text.endsWith("\n"), "the last record is whole");
    return text.split("\n").slice(0, -1).map(forensicOf);
  }

  override record(): RunRecord {
    const state = join(this.folder, "state");
    const [name = ""] = readdirSync(state).filter((entry) => !entry.startsWith("."));
    return readRunRecord(join(state, name, "latest", "run.json"));
  }

  /** For the message of an assertion. */
  describe({ status, signal, stdout, stderr }: Outcome): string {
    const records = this.violations().map(({ text, mark }) => `${text} ${JSON.stringify(mark)}`);
    return [`ended with ${status ?? signal}`, stdout, stderr, ...records].join("\n");
  }

  /** No process, no cgroup, no file but those of a run. */
  async assertNothingLeft(): Promise<void> {
    await until("no process of the workload is left", () => this.processes().length === 0);
    const { galgoPid } = this.record();
    const own = ownCgroup();
    const groups = "unavailable" in own ? [] : readdirSync(own.path);
    const left = groups.filter(
      (name) => name.startsWith("galgo-") && name.endsWith(`-${galgoPid}`),
    );
    assert.deepEqual(left, [], "cgroups");
    const strange = readdirSync(this.#run()).filter((name) => !FILES.has(name));
    assert.deepEqual(strange, [], "files");
  }

  /** Pids of all processes that descend from a command of this place. */
  processes(): number[] {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name) && environmentOf(name).includes(this.#marker))
      .map(Number);
  }

  /** Pid of the guard of a running Galgo; 0 when it has none (yet). */
  guardOf(galgo: number): number {
    const children = readFileSync(`/proc/${galgo}/task/${galgo}/children`, "latin1");
    return Number(children.split(" ").find((pid) => commandOf(pid) === "galgo-guard\n") ?? 0);
  }

  #run(): string {
    const { name, runId } = this.record();
    return join(this.folder, "state", name, runId);
  }
}

function forensicOf(line: string): Forensic {
  assert.doesNotMatch(line, UNCLEAN, "a record without control characters");
  const { record, mark } = splitMark(line);
  const { event, syscall } = JSON.parse(record) as {
    readonly event: { readonly type: string };
    readonly syscall?: { readonly name: string };
  };
  return { hook: syscall?.name ?? event.type, text: record, mark };
}

/** No control characters, no bytes that are not UTF-8, nothing that changes the direction of writing. */
export function assertClean(text: string): void {
  assert.doesNotMatch(text, UNCLEAN);
}

function environmentOf(pid: string): string {
  try {
    // a process that is ending has none any more, and a zombie is waited for by its parent
    return readFileSync(`/proc/${pid}/environ`, "latin1");
  } catch {
    return "";
  }
}

function hasEnded(child: ChildProcess): Promise<unknown> {
  const over = child.exitCode !== null || child.signalCode !== null;
  return over ? Promise.resolve() : once(child, "exit");
}

function commandOf(pid: string): string {
  return pid === "" ? "" : readFileSync(`/proc/${pid}/comm`, "latin1");
}

/** Waits for what no event announces. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`waited in vain until ${what}`);
    await pause(POLL_MS);
  }
}
