// SPDX-License-Identifier: Apache-2.0
// A folder in a guest in which a case runs Galgo with the BPF sensor: its commands, its records, and that nothing is left of it.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { PassThrough } from "node:stream";
import type { Command } from "./agent.ts";
import type { Guest, Result, RunOptions } from "./guest.ts";
import { pushProgram } from "./programs.ts";

/** A line of trajectory.jsonl or forensics.jsonl. */
export interface RecordLine {
  readonly hook: string;
  readonly taskId: string;
  readonly text: string;
  /** What the hook's own member holds. */
  readonly cell: unknown;
}

/** The part of run.json that cases look at. */
export interface RunFacts {
  readonly status: string;
  readonly galgoPid: number;
  readonly error?: string;
  readonly outcome?: {
    readonly exit?: { readonly code?: number; readonly signal?: string };
    readonly killed?: string;
    readonly counts: Readonly<
      Record<"events" | "points" | "violations" | "refused" | "lost", number>
    >;
    readonly losses: readonly { readonly reason: string; readonly example: string }[];
    readonly latency: { readonly count: number };
    readonly fidelity?: Fidelity;
  };
}

export interface Fidelity {
  readonly sensor: string;
  readonly sees: readonly string[];
  readonly holds: readonly string[];
  readonly absent: readonly string[];
  readonly features: readonly string[];
}

const GALGO = "/opt/galgo/galgo";
const STEP_MS = 60_000;
/** Errors of Linux that a refusal is told from. */
export const EPERM = -1;

/**
 * Loading the programs takes most of a minute under emulation, and the last run to end removes them: so one that does nothing stays
 * beside all others.
 */
const KEEPER = ["run", "--sensor", "bpf", "--name", "keeper", "--", "sleep", "1000000"];
const LOAD_MS = 180_000;

/** Records that a failed assertion prints. */
const SHOWN = 6;

let labs = 0;
const keepers = new WeakMap<Guest, Talk>();

/** What a program prints, looked at while it runs. */
export class Talk {
  readonly command: Command;
  stdout = "";
  stderr = "";
  readonly #input = new PassThrough();
  readonly #waiting = new Set<() => void>();

  constructor(start: (request: NonNullable<Parameters<Guest["start"]>[1]>) => Command) {
    this.command = start({
      stdin: this.#input,
      onStdout: (data) => this.#take("stdout", data),
      onStderr: (data) => this.#take("stderr", data),
    });
    this.command.ended.then(
      () => this.#look(),
      () => this.#look(),
    );
  }

  /** Gives it a line on its standard input. */
  say(line: string): void {
    this.#input.write(`${line}\n`);
  }

  /** No more input. */
  end(): void {
    this.#input.end();
  }

  /** Waits until `pattern` was printed. @returns its match */
  async until(pattern: RegExp, timeoutMs: number = STEP_MS): Promise<RegExpMatchArray> {
    let over = false;
    void this.command.ended.catch(() => undefined).then(() => (over = true));
    const timer = setTimeout(() => {
      over = true;
      this.#look();
    }, timeoutMs);
    try {
      for (;;) {
        const found = `${this.stdout}\n${this.stderr}`.match(pattern);
        if (found !== null) return found;
        assert.ok(!over, `${pattern} did not come:\n${this.stdout}\n${this.stderr}`);
        await new Promise<void>((resolve) => this.#waiting.add(resolve));
      }
    } finally {
      clearTimeout(timer);
    }
  }

  #take(stream: "stdout" | "stderr", data: Buffer): void {
    this[stream] += data.toString("utf8");
    this.#look();
  }

  #look(): void {
    // after what waits for the same end has taken note of it
    setImmediate(() => {
      for (const look of this.#waiting) look();
      this.#waiting.clear();
    });
  }
}

export class Lab {
  readonly guest: Guest;
  readonly folder: string;
  /** The program test/vm/programs/acts.c, in this lab's folder: each lab has its own file. */
  readonly acts: string;
  readonly #talks: Talk[] = [];

  constructor(guest: Guest, folder: string) {
    this.guest = guest;
    this.folder = folder;
    this.acts = `${folder}/acts`;
  }

  /**
   * `galgo` with these arguments, in the lab's folder.
   * @param options.timeoutMs default 2 minutes
   */
  galgo(args: readonly string[], options: RunOptions = {}): Promise<Result> {
    return this.guest.run([GALGO, ...args], { ...this.#place, ...options });
  }

  /** A shell script in the lab's folder that has to succeed. */
  sh(script: string, options: RunOptions = {}): Promise<string> {
    return this.guest.sh(script, { ...this.#place, ...options });
  }

  /** Learns a command into NAME.json. */
  async learn(name: string, command: readonly string[], ...options: string[]): Promise<Result> {
    const args = ["learn", "--sensor", "bpf", "--name", name, "-o", `${name}.json`, ...options];
    const result = await this.galgo([...args, "--", ...command]);
    assert.equal(result.status, 0, `${result.stdout}${result.stderr}`);
    assert.match(result.stderr, /none lost/);
    return result;
  }

  /** A command under the model NAME.json. @param options of galgo run, such as --enforce */
  run(name: string, command: readonly string[], ...options: string[]): Promise<Result> {
    return this.galgo([...runOf(name, options), "--", ...command]);
  }

  /** The same, to talk to. */
  talk(name: string, command: readonly string[], ...options: string[]): Talk {
    return this.start([GALGO, ...runOf(name, options), "--", ...command]);
  }

  /** Any command to talk to; killed at the end. */
  start(argv: readonly string[]): Talk {
    const talk = new Talk((request) => this.guest.start(argv, { ...this.#place, ...request }));
    this.#talks.push(talk);
    return talk;
  }

  async facts(name: string): Promise<RunFacts> {
    return JSON.parse(await this.sh(`cat state/${name}/latest/run.json`)) as RunFacts;
  }

  records(name: string, file: "trajectory" | "forensics" = "trajectory"): Promise<RecordLine[]> {
    return this.lines(`state/${name}/latest/${file}.jsonl`);
  }

  /** Records in any file. */
  async lines(path: string): Promise<RecordLine[]> {
    const text = await this.sh(`cat ${path}`);
    return text.trim().split("\n").filter(Boolean).map(recordOf);
  }

  /** Coefficients with their counts. */
  async points(name: string): Promise<{ coefficient: string; count: number; valid: boolean }[]> {
    const text = await this.sh(`cat state/${name}/latest/points.jsonl`);
    return text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
  }

  /** Of the last run: nothing lost, nothing refused, no violation. */
  async assertClean(name: string): Promise<void> {
    const { status, error, outcome } = await this.facts(name);
    assert.equal(status, "finished", error);
    assert.deepEqual(outcome?.losses, []);
    const { violations, refused, lost } = outcome.counts;
    const outside = violations === 0 ? [] : await this.records(name, "forensics");
    assert.deepEqual(
      { violations, refused, lost, outside: outside.slice(0, SHOWN).map(({ text }) => text) },
      { violations: 0, refused: 0, lost: 0, outside: [] },
    );
  }

  /** Kills what still runs, removes what is left in the kernel, and says whether anything was. */
  async clean(): Promise<void> {
    for (const { command } of this.#talks) command.drop();
    await this.guest.run(["sh", "-c", `${CLEAN_UP}; rm -rf ${this.folder}`], {
      timeoutMs: STEP_MS,
    });
  }

  get #place(): { readonly cwd: string; readonly env: Readonly<Record<string, string>> } {
    return { cwd: this.folder, env: { GALGO_STATE_DIR: `${this.folder}/state`, NO_COLOR: "1" } };
  }
}

const CLEAN_UP = `for pid in $(pgrep -x galgo) $(pgrep -f ${GALGO}); do kill -9 $pid 2>/dev/null; done
${GALGO} doctor --cleanup --set-free >/dev/null`;

async function keep(guest: Guest): Promise<void> {
  const known = keepers.get(guest);
  if (known !== undefined) return;
  const env = { GALGO_STATE_DIR: "/run/keeper" };
  const keeper = new Talk((request) => guest.start([GALGO, ...KEEPER], { env, ...request }));
  keepers.set(guest, keeper);
  await guest.sh("until pgrep -x -f 'sleep 1000000'; do sleep 0.2; done", {
    timeoutMs: LOAD_MS,
  });
}

/** Ends the run that keeps the programs loaded. */
async function unkeep(guest: Guest): Promise<void> {
  const keeper = keepers.get(guest);
  keepers.delete(guest);
  if (keeper === undefined) return;
  await guest.sh("pkill -x -f 'sleep 1000000'");
  await keeper.command.ended;
}

/** What is in the kernel when nobody uses the sensor: nothing. Prints what there is. */
const LEFT = `bpftool prog list | grep galgo_
bpftool map list | grep galgo_
bpftool link list
find /sys/fs/bpf -mindepth 1
grep fuse /proc/mounts
pgrep -a galgo
find /sys/fs/cgroup -name 'galgo*'
true`;

/** The same beside the run that keeps the programs. */
const LEFT_OF_OTHERS = `ls -A /sys/fs/bpf/galgo/*/slots | tail -n +2
grep fuse /proc/mounts | tail -n +2
pgrep -a galgo | grep -v keeper | grep -v guard
pgrep -a galgo-guard | tail -n +2
true`;

function runOf(name: string, options: readonly string[]): string[] {
  return ["run", "--sensor", "bpf", "--name", name, "-m", `${name}.json`, ...options];
}

/**
 * Runs a case in a lab of its own, on a file system that keeps inode numbers, and cleans up however it ends.
 * @param alone nobody else keeps the programs loaded: at the end nothing of them may be left
 */
export async function inLab(
  guest: Guest,
  use: (lab: Lab) => Promise<void>,
  { alone = false }: { readonly alone?: boolean } = {},
): Promise<void> {
  const lab = new Lab(guest, `/var/tmp/lab-${++labs}`);
  const acts = await pushProgram(guest, "acts");
  await guest.sh(`mkdir -p ${lab.folder} && cp ${acts} ${lab.acts}`);
  if (alone) await unkeep(guest);
  else await keep(guest);
  try {
    await use(lab);
    if (alone) await assertNothingLeft(guest);
    else assert.equal(await guest.sh(LEFT_OF_OTHERS), "");
  } finally {
    await lab.clean();
  }
}

/** The kernel lets go of programs and maps a little after their last pin is gone. */
export async function assertNothingLeft(guest: Guest): Promise<void> {
  const script = `left() {\n${LEFT}\n}
    for i in $(seq 100); do found=$(left); [ -n "$found" ] || exit 0; sleep 0.2; done; echo "$found"`;
  assert.equal(await guest.sh(script), "");
}

/** Results of the program acts by action. */
export function resultsOf({ stdout }: { readonly stdout: string }): Map<string, number> {
  const results = new Map<string, number>();
  for (const [, action = "", result] of stdout.matchAll(/^(.+)=(-?\d+)$/gm))
    results.set(action, Number(result));
  return results;
}

/** Events of a hook whose record holds all of these texts. */
export function having(
  records: readonly RecordLine[],
  hook: string,
  ...texts: readonly string[]
): RecordLine[] {
  return records.filter((line) => line.hook === hook && texts.every((t) => line.text.includes(t)));
}

export function sha256(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

/** @param text a line of a file of records */
export function recordOf(text: string): RecordLine {
  const record = JSON.parse(text) as Record<string, unknown> & {
    readonly event: { readonly type: string; readonly task_id: string };
  };
  const { type, task_id: taskId } = record.event;
  return { hook: type, taskId, text, cell: record[type] };
}
