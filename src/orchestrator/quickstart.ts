// SPDX-License-Identifier: Apache-2.0
// The quickstart's story, without its words: learn a small shell job, repeat it enforced, then try three things that it never did.
// Everything happens in a temporary folder, which is removed again.
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo, Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BUILTIN_PROFILES } from "../model/index.ts";
import { findCommand } from "./command-lookup.ts";
import { explainViolation } from "./explain/explain.ts";
import type { Explanation } from "./explain/explain.ts";
import { learnWorkload } from "./learn.ts";
import type { LearnResult } from "./learn.ts";
import { DEFAULT_DEADLINE_MS } from "./limits.ts";
import { runWorkload } from "./run.ts";
import type { RunRequest, RunResult } from "./run-request.ts";

const HOME = "127.0.0.1";
const ELSEWHERE = "127.0.0.2";
const SECRET = "a line that only grep may read";

/** One thing that was tried under the model. */
export interface Attempt {
  readonly title: string;
  /** What the shell was told to do besides its job. */
  readonly script: string;
  readonly run: RunResult;
  /** Of the first violation; undefined when there was none. */
  readonly explanation: Explanation | undefined;
  /** True when Galgo refused it and it had no effect. */
  readonly refused: boolean;
}

export interface Quickstart {
  readonly shell: string;
  readonly script: string;
  readonly learned: LearnResult;
  /** The same job again, enforced. */
  readonly repeated: RunResult;
  readonly attempts: readonly Attempt[];
}

export interface QuickstartObserver {
  onLearned?(story: Pick<Quickstart, "shell" | "script" | "learned">): void;
  onRepeated?(run: RunResult): void;
  onAttempt?(attempt: Attempt): void;
  onNotice?(text: string): void;
}

/** Plays the story. @throws what runs throw */
export async function playQuickstart(
  env: NodeJS.ProcessEnv,
  observer: QuickstartObserver = {},
): Promise<Quickstart> {
  const folder = mkdtempSync(join(tmpdir(), "galgo-quickstart-"));
  const removeFolder = (): void => rmSync(folder, { recursive: true, force: true });
  // also when somebody ends us between two runs
  process.once("exit", removeFolder);
  const stage = await Stage.open(folder, env);
  try {
    return await play(stage, observer);
  } finally {
    await stage.close();
    removeFolder();
    process.off("exit", removeFolder);
  }
}

async function play(stage: Stage, observer: QuickstartObserver): Promise<Quickstart> {
  const { shell, script, model } = stage;
  const learned = await learnWorkload(
    { run: { ...stage.request(script), mode: "free" }, runs: 1, output: model, allowLoss: false },
    observer,
  );
  observer.onLearned?.({ shell, script, learned });
  const repeated = await runWorkload(stage.enforced(script), observer);
  observer.onRepeated?.(repeated);
  const attempts: Attempt[] = [];
  for (const trial of stage.trials()) {
    const attempt = await tryOut(stage, trial, learned, observer);
    attempts.push(attempt);
    observer.onAttempt?.(attempt);
  }
  return { shell, script, learned, repeated, attempts };
}

/** Something to try, and how to see afterwards whether it happened. */
interface Trial {
  readonly title: string;
  readonly script: string;
  hadEffect(): boolean;
}

async function tryOut(
  stage: Stage,
  trial: Trial,
  { model }: LearnResult,
  observer: QuickstartObserver,
): Promise<Attempt> {
  const { title, script } = trial;
  const run = await runWorkload(stage.enforced(`${stage.script}; ${script}`), observer);
  const violated = run.outcome.counts.violations > 0;
  const explanation = violated
    ? explainViolation({
        forensics: run.directory.forensics,
        number: 1,
        model,
        modelFile: stage.model,
      })
    : undefined;
  return { title, script, run, explanation, refused: violated && !trial.hadEffect() };
}

/** Two servers on one port: where the job connects to, and where it must not. */
interface Listening {
  readonly servers: readonly Server[];
  readonly port: number;
}

/** Files, servers and requests of the story. */
class Stage {
  readonly folder: string;
  readonly shell: string;
  readonly script: string;
  readonly model: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #work: string;
  readonly #out: string;
  readonly #servers: readonly Server[];
  readonly #port: number;
  /** Connections that arrived where none should. */
  #strayed = 0;
  readonly #stdio: readonly number[];

  static async open(folder: string, env: NodeJS.ProcessEnv): Promise<Stage> {
    const home = await listen(HOME, 0);
    const { port } = home.address() as AddressInfo;
    const elsewhere = await listen(ELSEWHERE, port);
    return new Stage(folder, env, { servers: [home, elsewhere], port });
  }

  constructor(folder: string, env: NodeJS.ProcessEnv, { servers, port }: Listening) {
    this.folder = folder;
    this.#env = env;
    this.#servers = servers;
    this.#work = join(folder, "work");
    this.#out = join(folder, "out.txt");
    this.model = join(folder, "quickstart.galgo.json");
    mkdirSync(this.#work);
    writeFileSync(join(this.#work, "fruits.txt"), `apple\npear\n${SECRET}\n`);
    this.#port = port;
    servers.at(-1)?.on("connection", () => {
      this.#strayed += 1;
    });
    const bash = findShell(env["PATH"]);
    this.shell = bash ?? "sh";
    const greet = bash === undefined ? "" : `; exec 3<>/dev/tcp/${HOME}/${this.#port}`;
    this.script = `grep -c apple fruits.txt > report.txt${greet}`;
    this.#stdio = [
      openSync("/dev/null", "r"),
      openSync(this.#out, "a"),
      openSync("/dev/null", "w"),
    ];
  }

  request(script: string): RunRequest {
    // each run finds what the learned one found: no report yet
    rmSync(join(this.#work, "report.txt"), { force: true });
    return {
      command: [this.shell, "-c", script],
      mode: "free",
      onViolation: "observe",
      rules: { mapping: "tsem-v4", digest: "sha256", profile: BUILTIN_PROFILES.portable },
      name: "quickstart",
      stateRoot: join(this.folder, "state"),
      cwd: this.#work,
      env: this.#env,
      deadlineMs: DEFAULT_DEADLINE_MS,
      onExit: "kill",
      allowWeaker: false,
      stdio: this.#stdio,
    };
  }

  enforced(script: string): RunRequest {
    return { ...this.request(script), mode: "enforce", onViolation: "deny", modelFile: this.model };
  }

  trials(): Trial[] {
    const stolen = join(this.folder, "elsewhere.txt");
    const connect =
      this.shell === "sh"
        ? `${process.execPath} -e 'require("net").connect(${this.#port}, "${ELSEWHERE}")'`
        : `exec 4<>/dev/tcp/${ELSEWHERE}/${this.#port}`;
    return [
      {
        title: "read the file with cat, where only grep was learned",
        script: "cat fruits.txt",
        hadEffect: () => readFileSync(this.#out, "utf8").includes(SECRET),
      },
      {
        title: "write in another folder",
        script: "grep -c apple fruits.txt > ../elsewhere.txt",
        hadEffect: () => existsSync(stolen),
      },
      { title: "connect to another address", script: connect, hadEffect: () => this.#strayed > 0 },
    ];
  }

  async close(): Promise<void> {
    for (const fd of this.#stdio) closeSync(fd);
    await Promise.all(
      this.#servers.map((server) => new Promise((resolve) => server.close(resolve))),
    );
  }
}

/** bash can connect by itself; other shells need a program for it. */
function findShell(searchPath: string | undefined): string | undefined {
  try {
    findCommand("bash", searchPath);
    return "bash";
  } catch {
    return undefined;
  }
}

function listen(host: string, port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once("error", reject);
    server.listen(port, host, () => resolve(server));
  });
}
