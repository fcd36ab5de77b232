// SPDX-License-Identifier: Apache-2.0
// The node's part of the chart, for real: its init containers' commands write the profiles, its ConfigMap is the daemon's configuration, and runc runs containers with
// the profiles from the disk, as containerd hands them to it. The kubelet and containerd themselves take no part.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { CONTAINERS } from "../../src/daemon/containers/part.ts";
import { type Daemon, startDaemon } from "../../src/daemon/index.ts";
import { GALGO } from "../cli/galgo.ts";
import { Chart, documentsOf, type Manifest, type Values, withoutGo } from "../deploy/chart.ts";
import { type Outcome, outcomeOf } from "../helpers/container-runs.ts";
import { makeBundle, makeRoot, noContainers } from "../helpers/containers.ts";
import { eventually } from "../helpers/mounted.ts";

interface DaemonSet extends Manifest {
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly initContainers: readonly {
          readonly command: readonly string[];
          readonly args: readonly string[];
        }[];
      };
    };
  };
}

const SCRIPT = 'for f; do cat "$f" || failed=1; done; exit $failed';

describe("a node", { skip: withoutGo || noContainers("runc") || false, timeout: 60_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), "galgo-node-"));
  const profiles = join(folder, "seccomp");
  const state = join(folder, "state");
  let chart: Chart;
  let daemon: Daemon;
  let told: string[] = [];
  let number = 0;

  /** Does what the pod's init containers do. */
  function installProfiles(values: Values): void {
    const { initContainers } = setOf(chart, values).spec.template.spec;
    for (const { command, args } of initContainers) {
      const [program = "", ...words] = [...command, ...args].map((word) =>
        word.replaceAll("/profiles", profiles),
      );
      const env = { ...process.env, PATH: `${folder}/bin:${process.env["PATH"]}` };
      const ran = spawnSync(program, words, { env, encoding: "utf8" });
      assert.equal(ran.status, 0, ran.stderr);
    }
  }

  /** What containerd makes of a pod with seccompProfile: {type: Localhost, localhostProfile: galgo/NAME.json}. */
  async function runPod(
    profile: string,
    files: readonly string[],
    annotations: Readonly<Record<string, string>> = {},
  ): Promise<Outcome> {
    told = [];
    number += 1;
    const bundle = makeBundle(join(folder, `bundle-${number}`), {
      root: join(folder, "root"),
      args: ["sh", "-c", SCRIPT, "sh", ...files],
      socket: "replaced",
      annotations,
    });
    const config = join(bundle, "config.json");
    const spec = JSON.parse(readFileSync(config, "utf8")) as { linux: { seccomp: unknown } };
    spec.linux.seccomp = JSON.parse(readFileSync(join(profiles, `${profile}.json`), "utf8"));
    writeFileSync(config, JSON.stringify(spec));
    const words = [
      "--root",
      join(folder, "runc"),
      "run",
      "-b",
      bundle,
      `galgo-node-${process.pid}-${number}`,
    ];
    const child = spawn("runc", words, { stdio: ["ignore", "pipe", "pipe"] });
    return outcomeOf(child);
  }

  before(async () => {
    chart = new Chart();
    for (const name of [profiles, join(folder, "bin")]) mkdirSync(name);
    makeRoot(join(folder, "root"));
    const galgo = GALGO.map((word) => `'${word}'`).join(" ");
    writeFileSync(join(folder, "bin/galgo"), `#!/bin/sh\nexec ${galgo} "$@"\n`, { mode: 0o755 });
    const configFile = join(folder, "daemon.toml");
    const config = documentsOf(chart.manifestText()).find(({ kind }) => kind === "ConfigMap");
    writeFileSync(
      configFile,
      (config as unknown as { data: Record<string, string> }).data["daemon.toml"] ?? "",
    );
    daemon = await startDaemon({
      version: "1.2.3",
      env: { ...process.env, GALGO_RUN_DIR: join(folder, "run") },
      uid: 0,
      stateRoot: state,
      configFile,
      parts: [CONTAINERS],
      tell: (word, line) => told.push(`${word}: ${line}`),
    });
  });
  after(async () => {
    await daemon?.stop("the test is over");
    chart?.dispose();
    rmSync(folder, { recursive: true, force: true });
  });

  it("learns a pod by its annotations, and enforces the model by the profile alone", async () => {
    const paths = { run: join(folder, "run") };
    installProfiles({ paths });
    assert.deepEqual(readdirSync(profiles), ["galgo.json"]);
    const learn = { "dev.galgo.mode": "learn", "dev.galgo.model": "web" };
    const learned = await runPod("galgo", ["/data/in"], learn);
    assert.deepEqual(
      [learned.status, learned.stdout],
      [0, "hello\n"],
      `${learned.stderr} ${told.join("\n")}`,
    );

    await eventually(() => told.find((line) => line.includes("learned into")), "the model");

    const bytes = readFileSync(join(state, ".models/web.galgo.json"));
    const model = `web@sha256:${createHash("sha256").update(bytes).digest("hex")}`;
    const enforce = { name: "web", for: { mode: "enforce", model } };
    const other = {
      name: "other",
      for: { mode: "enforce", model: `web@sha256:${"0".repeat(64)}` },
    };
    installProfiles({ paths, profiles: [{ name: "galgo" }, enforce, other] });
    assert.deepEqual(readdirSync(profiles).sort(), ["galgo.json", "other.json", "web.json"]);

    const normal = await runPod("web", ["/data/in"]);
    assert.deepEqual(
      [normal.status, normal.stdout],
      [0, "hello\n"],
      `${normal.stderr} ${told.join("\n")}`,
    );
    const attack = await runPod("web", ["/data/in", "/etc/shadow"]);
    assert.equal(attack.status, 1);
    assert.equal(attack.stdout, "hello\n");
    assert.match(attack.stderr, /\/etc\/shadow.*(not permitted|denied)/i);
  });

  it("does not start what has no model, a model of another digest, or no daemon", async () => {
    for (const [profile, why] of [
      ["galgo", /nothing says what is to be done with it/],
      ["other", /was asked for/],
    ] as const) {
      const { status, stdout } = await runPod(profile, ["/data/in"]);
      assert.notEqual(status, 0);
      assert.equal(stdout, "");
      assert.match(told.join("\n"), why);
    }
    await daemon.stop("to see what happens without it");
    const { status, stdout, stderr } = await runPod("web", ["/data/in"]);
    assert.notEqual(status, 0);
    assert.equal(stdout, "");
    assert.match(stderr, /seccomp/);
  });
});

function setOf(chart: Chart, values: Values): DaemonSet {
  const found = documentsOf(chart.manifestText(values)).find(({ kind }) => kind === "DaemonSet");
  assert.ok(found);
  return found as DaemonSet;
}
