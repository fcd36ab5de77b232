// SPDX-License-Identifier: Apache-2.0
// Containers of runc under a daemon: learned, enforced, refused; a process executed in one; a user namespace.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Daemon } from "../../src/daemon/index.ts";
import type { RunResult } from "../../src/orchestrator/run-request.ts";
import {
  nextResult,
  type Outcome,
  outcomeOf,
  startContainerDaemon,
} from "../helpers/container-runs.ts";
import { type BundleOptions, makeBundle, makeRoot, noContainers } from "../helpers/containers.ts";
import { until } from "../helpers/workloads.ts";

const absent = noContainers("runc");
const folder = mkdtempSync(join(tmpdir(), "galgo-runc-"));
const models = join(folder, "models");
const running = new Set<ChildProcess>();
let daemon: Daemon;
let told: string[] = [];
let number = 0;

before(async () => {
  if (absent !== undefined) return;
  // root in a user namespace is an ordinary user here
  chmodSync(folder, 0o755);
  daemon = await startContainerDaemon(folder, (line) => told.push(line));
});

after(async () => {
  await daemon?.stop("the test is over");
  for (const child of running) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

const nameOf = (container: number): string => `galgo-box-${process.pid}-${container}`;

const root = (): string => {
  const path = join(folder, "root");
  return existsSync(path) ? path : makeRoot(path);
};

async function runc(...args: readonly string[]): Promise<Outcome> {
  const child = spawn("runc", ["--root", join(folder, "runc"), ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.add(child);
  const outcome = await outcomeOf(child);
  running.delete(child);
  return outcome;
}

function bundle(options: Omit<BundleOptions, "root" | "socket"> & { root?: string }): string {
  number += 1;
  return makeBundle(join(folder, `bundle-${number}`), {
    root: root(),
    socket: daemon.sockets.seccomp,
    ...options,
  });
}

async function run(
  files: readonly string[],
  annotations: Readonly<Record<string, string>>,
  more: Partial<BundleOptions> = {},
): Promise<Outcome & { result: RunResult; id: string }> {
  told = [];
  const path = bundle({ args: [...READER, ...files], annotations, ...more });
  const ended = nextResult(daemon);
  const id = nameOf(number);
  const outcome = await runc("run", "-b", path, id);
  const result = await ended.catch((error) => {
    throw new Error(`${error.message}; runc: ${outcome.stderr}; daemon: ${told.join("; ")}`);
  });
  return { ...outcome, result, id };
}

/** A container that the daemon refuses. */
async function refused(
  annotations: Readonly<Record<string, string>>,
  metadata?: string,
): Promise<string> {
  told = [];
  const options = { args: ["sh", "-c", "echo started"], annotations };
  const path = bundle({ ...options, ...(metadata === undefined ? {} : { metadata }) });
  const id = nameOf(number);
  const { status, stdout, stderr } = await runc("run", "-b", path, id);
  assert.notEqual(status, 0);
  assert.equal(stdout, "");
  assert.equal(told.length, 1, `${told.join("; ")}; runc: ${stderr}`);
  return told[0] ?? "";
}

/** Reads what it is told to read. */
const READER = ["sh", "-c", 'id -u; for f; do cat "$f" || failed=1; done; exit $failed', "sh"];
const WORK = ["/data/in"];

describe("containers of runc", { skip: absent ?? false, timeout: 60_000 }, () => {
  it("are learned", async () => {
    const learn = { "dev.galgo.mode": "learn", "dev.galgo.model": "box" };
    const { status, stdout, result } = await run(WORK, learn);
    assert.equal(status, 0);
    assert.equal(stdout, "0\nhello\n");
    assert.equal(result.outcome.counts.lost, 0);
    assert.deepEqual(result.outcome.exit, { code: 0 });
    await until("it is learned", () => told.some((line) => / behaviours of 1 run,/.test(line)));
    assert.match(told.join("\n"), /learned into .*box\.galgo\.json/);
    const again = await run(WORK, learn);
    assert.equal(again.status, 0);
    await until("it is learned", () => told.some((line) => / behaviours of 2 runs,/.test(line)));
    assert.match(told.join("\n"), /of 2 runs, 0 of them new/);
  });

  it("do under their model what they did before, and nothing else", async () => {
    const enforce = { "dev.galgo.mode": "enforce", "dev.galgo.model": "box" };
    const good = await run(WORK, enforce);
    assert.equal(good.stdout, "0\nhello\n");
    assert.equal(good.status, 0);
    assert.equal(good.result.outcome.counts.violations, 0);
    const bad = await run([...WORK, "/etc/shadow"], enforce);
    assert.equal(bad.status, 1);
    assert.equal(bad.stdout, "0\nhello\n");
    assert.match(bad.stderr, /\/etc\/shadow.*Operation not permitted/);
    const lines = readFileSync(bad.result.directory.forensics, "utf8").trim().split("\n");
    const marked = lines.filter((line) => line.includes('"violation"')).join("\n");
    assert.match(marked, /"\/etc\/shadow"/);
    assert.match(marked, new RegExp(`"container":\\{"id":"${bad.id}"`));
    assert.equal(bad.result.record.container?.id, bad.id);
    assert.equal(bad.result.record.container?.runtime, "runc");
  });

  it("have the same first program whichever way the filter was loaded", async () => {
    const enforce = { "dev.galgo.model": "box" };
    const { status, result } = await run(WORK, enforce, { noNewPrivileges: false });
    assert.equal(status, 0);
    assert.equal(result.outcome.counts.violations, 0);
    assert.equal(result.record.mode, "enforce");
  });

  it("have in a user namespace the numbers that they see themselves", async () => {
    const shifted = makeRoot(join(folder, "shifted"), 100_000);
    const more = { root: shifted, userNamespace: 100_000 };
    const { status, stdout, result } = await run(WORK, { "dev.galgo.mode": "free" }, more);
    assert.equal(status, 0);
    assert.equal(stdout, "0\nhello\n");
    assert.equal(result.outcome.counts.lost, 0);
    const trajectory = readFileSync(result.directory.trajectory, "utf8");
    assert.match(trajectory, /"uid": ?"?0\b/);
    assert.doesNotMatch(trajectory, /100000/);
  });

  it("do not start without the model that is to be enforced", async () => {
    const none = await refused({ "dev.galgo.mode": "enforce", "dev.galgo.model": "absent" });
    assert.match(none, /refused, it does not start: can not read the model .*absent\.galgo\.json/);
    assert.match(await refused({ "dev.galgo.mode": "enforce" }), /enforce needs a model/);
    assert.match(await refused({}), /nothing says what is to be done with it/);
    const box = readFileSync(join(models, "box.galgo.json"));
    const digest = createHash("sha256").update(box).digest("hex");
    const other = await refused({ "dev.galgo.model": `box@sha256:${"0".repeat(64)}` });
    assert.match(other, new RegExp(`has the digest sha256:${digest}, and sha256:0+ was asked for`));
    writeFileSync(join(models, "broken.galgo.json"), "{");
    assert.match(await refused({}, "model=broken"), /broken\.galgo\.json/);
  });

  it("do not start with orders that are not understood", async () => {
    assert.match(
      await refused({ "dev.galgo.mode": "enforced", "dev.galgo.model": "box" }),
      /dev\.galgo\.mode is enforced; it has to be one of learn, free, detect, enforce/,
    );
    assert.match(await refused({ "dev.galgo.modell": "box" }), /no annotation dev\.galgo\.modell/);
    assert.match(await refused({ "dev.galgo.model": "../../etc/passwd" }), /names no model/);
    assert.match(await refused({}, "mode:enforce"), /has to be key=value/);
  });

  it("are joined by what is executed in them", async () => {
    told = [];
    const annotations = { "dev.galgo.mode": "free" };
    const path = bundle({ args: ["sleep", "1000"], annotations });
    const id = nameOf(number);
    const ended = nextResult(daemon);
    // its output would be that of the container's first process, which stays
    const create = ["--root", join(folder, "runc"), "create", "-b", path, id];
    const [created] = await once(spawn("runc", create, { stdio: "ignore" }), "exit");
    assert.equal(created, 0);
    assert.equal((await runc("start", id)).status, 0);
    const executed = await runc("exec", id, "cat", "/data/in");
    assert.equal(executed.stdout, "hello\n", `${executed.stderr} ${told.join("; ")}`);
    await runc("delete", "-f", id);
    const { directory, outcome } = await ended;
    assert.deepEqual(outcome.exit, { signal: "SIGKILL" });
    assert.match(readFileSync(directory.trajectory, "utf8"), /"\/data\/in"/);
  });
});
