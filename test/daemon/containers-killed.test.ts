// SPDX-License-Identifier: Apache-2.0
// kill -9 of a daemon that has a container: the warden kills it, unless the configuration says to leave it; the next daemon says what
// became of it.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { CONTAINERS } from "../../src/daemon/containers/part.ts";
import { ENTRIES, FORGET, GROUP, LEAVE, PROCESS } from "../../src/daemon/containers/warden.ts";
import { socketsIn } from "../../src/daemon/client/index.ts";
import { readFileSync } from "node:fs";
import { readRunRecord } from "../../src/orchestrator/run-record.ts";
import { openRun } from "../../src/orchestrator/state-dir.ts";
import { buildLaunchers } from "../helpers/built.ts";
import { makeBundle, makeRoot, noContainers } from "../helpers/containers.ts";
import { DaemonPlace } from "../helpers/daemon-place.ts";
import { isRunning, until } from "../helpers/workloads.ts";

const SCRIPT = fileURLToPath(new URL("../helpers/container-daemon.ts", import.meta.url));
const LOOP = ["sh", "-c", "while :; do cat /data/in >/dev/null; done"];
const place = new DaemonPlace();
const runcRoot = ["--root", join(place.folder, "runc")];
let absent = noContainers("runc");

before(() => {
  if (absent === undefined && !buildLaunchers()) absent = "no C compiler: there is no warden";
});

after(() => place.remove());

/** A busy container under a daemon that is then killed. @returns its first process */
async function orphan(id: string): Promise<number> {
  const daemon = spawn(
    process.execPath,
    ["--import", import.meta.resolve("tsx"), SCRIPT, place.folder],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const lines = createInterface(daemon.stdout)[Symbol.asyncIterator]();
  assert.equal((await lines.next()).value, "ready");
  const bundle = makeBundle(join(place.folder, id), {
    root: join(place.folder, "root"),
    args: LOOP,
    socket: socketsIn(place.run).seccomp,
    annotations: { "dev.galgo.mode": "free", "dev.galgo.name": id },
  });
  const run = spawn("runc", [...runcRoot, "run", "-d", "-b", bundle, id], { stdio: "ignore" });
  assert.equal((await once(run, "exit"))[0], 0);
  assert.equal((await lines.next()).value, "started");
  const state = spawnSync("runc", [...runcRoot, "state", id], { encoding: "utf8" });
  const { pid } = JSON.parse(state.stdout) as { pid: number };
  assert.ok(isRunning(pid));
  // before its exec was answered there is no container yet that could go on
  const command = `/proc/${pid}/comm`;
  await until("its command runs", () => readFileSync(command, "utf8") === "sh\n");
  daemon.kill("SIGKILL");
  await once(daemon, "exit");
  return pid;
}

/** What the next daemon says. */
async function successor(): Promise<string> {
  const told: string[] = [];
  const parts = [CONTAINERS];
  const daemon = await place.start({
    parts,
    configFile: place.config,
    tell: (_, text) => told.push(text),
  });
  await daemon.stop("seen");
  return told.join("\n");
}

describe("containers of a daemon that is killed", {
  skip: absent ?? false,
  timeout: 60_000,
}, () => {
  const id = `galgo-orphan-${process.pid}`;

  before(() => {
    mkdirSync(place.folder, { recursive: true });
    makeRoot(join(place.folder, "root"));
  });

  after(() => {
    for (const name of [`${id}-a`, `${id}-b`])
      spawnSync("runc", [...runcRoot, "delete", "-f", name]);
  });

  it("are killed by the warden", async () => {
    place.configure("");
    const pid = await orphan(`${id}-a`);
    await until("the container is gone", () => !isRunning(pid));
    assert.match(await successor(), /workload galgo-orphan-\d+-a .*its container is gone/);
    const record = readRunRecord(openRun(place.state, `${id}-a`).run);
    assert.equal(record.status, "failed");
    assert.match(record.error ?? "", /what happened after that instant is not recorded/);
  });

  it("are left alone when the configuration says so", async () => {
    place.configure('[policy]\non-daemon-loss = "leave"\n');
    const pid = await orphan(`${id}-b`);
    const { workloads } = socketsIn(place.run);
    cpSync(workloads, `${workloads}.kept`, { recursive: true });
    assert.match(await successor(), /workload galgo-orphan-\d+-b .*its container goes on/);
    assert.ok(isRunning(pid));
    // as if it had been there because the warden was killed, too
    place.configure("");
    cpSync(`${workloads}.kept`, workloads, { recursive: true });
    assert.match(await successor(), /workload galgo-orphan-\d+-b .*has been killed now/);
    await until("the container is gone", () => !isRunning(pid));
  });
});

describe("the warden's numbers", () => {
  it("are the same in C", () => {
    const header = new URL("../../native/warden-protocol.h", import.meta.url);
    const defined = [
      ...readFileSync(header, "utf8").matchAll(/^#define GALGO_WARDEN_([A-Z]+) (\d+)$/gm),
    ].map(([, name, value]) => [name, Number(value)]);
    assert.deepEqual(Object.fromEntries(defined), { ENTRIES, PROCESS, GROUP, FORGET, LEAVE });
  });
});
