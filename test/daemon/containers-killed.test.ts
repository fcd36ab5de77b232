// SPDX-License-Identifier: Apache-2.0
// kill -9 of a daemon that has a container: the warden kills it, unless the configuration says to leave it; the next daemon says what
// became of it.
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { CONTAINERS } from "../../src/daemon/containers/part.ts";
import { ENTRIES, FORGET, GROUP, LEAVE, PROCESS } from "../../src/daemon/containers/warden.ts";
import { socketsIn } from "../../src/daemon/client/index.ts";
import { type RunRecord, readRunRecord } from "../../src/orchestrator/run-record.ts";
import { openRun } from "../../src/orchestrator/state-dir.ts";
import { buildLaunchers } from "../helpers/built.ts";
import { makeBundle, makeRoot, noContainers } from "../helpers/containers.ts";
import { DaemonPlace } from "../helpers/daemon-place.ts";
import { isRunning, until } from "../helpers/workloads.ts";

const SCRIPT = fileURLToPath(new URL("../helpers/container-daemon.ts", import.meta.url));
let absent = noContainers("runc");
if (absent === undefined && !buildLaunchers()) absent = "no C compiler: there is no warden";

/** A container under a daemon that is then killed. */
class Orphan {
  readonly id: string;
  readonly #place = new DaemonPlace();
  readonly #runc = ["--root", join(this.#place.folder, "runc")];
  #daemon: ChildProcess | undefined;

  constructor(name: string) {
    this.id = `box-${process.pid}-${name}`;
  }

  /** @returns its first process, once the daemon is dead */
  async make(config: string): Promise<number> {
    const { folder, run } = this.#place;
    this.#place.configure(config);
    const root = makeRoot(join(folder, "root"));
    const loader = ["--import", import.meta.resolve("tsx")];
    const daemon = spawn(process.execPath, [...loader, SCRIPT, folder], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.#daemon = daemon;
    const lines = createInterface(daemon.stdout)[Symbol.asyncIterator]();
    assert.equal((await lines.next()).value, "ready");
    const bundle = makeBundle(join(folder, "bundle"), {
      root,
      args: ["sh", "-c", "echo >/data/begun; while :; do cat /data/in >/dev/null; done"],
      socket: socketsIn(run).seccomp,
      annotations: { "dev.galgo.mode": "free", "dev.galgo.name": this.id },
    });
    const started = ["run", "-d", "-b", bundle, this.id];
    const runc = spawn("runc", [...this.#runc, ...started], { stdio: "ignore" });
    assert.equal((await once(runc, "exit"))[0], 0);
    const { pid } = JSON.parse(
      spawnSync("runc", [...this.#runc, "state", this.id], { encoding: "utf8" }).stdout,
    );
    // what is killed while it starts is no container that could go on
    await until("its command runs", () => existsSync(join(root, "data/begun")));
    assert.ok(isRunning(pid));
    daemon.kill("SIGKILL");
    await once(daemon, "exit");
    return pid;
  }

  /** What the next daemon says; under another configuration: to the same files. */
  async successor(config?: string): Promise<string> {
    const { workloads } = socketsIn(this.#place.run);
    if (config === undefined) cpSync(workloads, `${workloads}.kept`, { recursive: true });
    else {
      cpSync(`${workloads}.kept`, workloads, { recursive: true });
      this.#place.configure(config);
    }
    const told: string[] = [];
    const daemon = await this.#place.start({
      parts: [CONTAINERS],
      configFile: this.#place.config,
      tell: (_, text) => told.push(text),
    });
    await daemon.stop("seen");
    return told.join("\n");
  }

  get record(): RunRecord {
    return readRunRecord(openRun(this.#place.state, this.id).run);
  }

  remove(): void {
    this.#daemon?.kill("SIGKILL");
    spawnSync("runc", [...this.#runc, "delete", "-f", this.id]);
    this.#place.remove();
  }
}

describe("containers of a daemon that is killed", {
  concurrency: true,
  skip: absent ?? false,
  timeout: 60_000,
}, () => {
  it("are killed by the warden", async (t) => {
    const orphan = new Orphan("a");
    t.after(() => orphan.remove());
    const pid = await orphan.make("");
    await until("the container is gone", () => !isRunning(pid));
    assert.match(await orphan.successor(), /workload box-\d+-a .*its container is gone/);
    const { status, error } = orphan.record;
    assert.equal(status, "failed");
    assert.match(error ?? "", /what happened after that instant is not recorded/);
  });

  it("are left alone when the configuration says so", async (t) => {
    const orphan = new Orphan("b");
    t.after(() => orphan.remove());
    const pid = await orphan.make('[policy]\non-daemon-loss = "leave"\n');
    assert.match(await orphan.successor(), /workload box-\d+-b .*its container goes on/);
    assert.ok(isRunning(pid));
    // as if it had been there because the warden was killed, too
    assert.match(await orphan.successor(""), /workload box-\d+-b .*has been killed now/);
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
