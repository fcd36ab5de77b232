// SPDX-License-Identifier: Apache-2.0
// galgo top in a terminal, at a daemon with workloads that run and are refused things.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { closeSync, openSync, writeSync } from "node:fs";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import type { Daemon } from "../../src/daemon/index.ts";
import type { ManagedRun } from "../../src/daemon/registry/managed-run.ts";
import { loadModel } from "../../src/orchestrator/inspect/index.ts";
import { GALGO, Place } from "../cli/galgo.ts";
import { DaemonPlace } from "../helpers/daemon-place.ts";
import { Tmux, withoutTmux } from "../helpers/tmux.ts";

const TOP = [...GALGO, "top", "-d", "0.3"].join(" ");
/** Reads the names of files, one a line, and has cat open them. */
const SCRIPT =
  'exec 3<>steps; while read -r f <&3; do [ "$f" = end ] && exit; cat "$f" >/dev/null 2>&1; done';

interface Scene {
  readonly daemon: Daemon;
  readonly web: ManagedRun;
  readonly tmux: Tmux;
  /** A file whose name would like to clear the screen, give it a title and turn it around. */
  readonly evil: string;
  /** Has the workload "web" open a file. */
  open(path: string): void;
}

/** A daemon with a workload under an enforced model, one that is busy, and a terminal beside them. */
async function begin(t: TestContext): Promise<Scene> {
  const files = new Place(t);
  execFileSync("mkfifo", [files.path("steps")]);
  const steps = openSync(files.path("steps"), "r+");
  const place = new DaemonPlace();
  const learned = files.start([
    "learn",
    "--name",
    "web",
    "-o",
    "web.json",
    "--",
    "sh",
    "-c",
    SCRIPT,
  ]);
  writeSync(steps, "/etc/hostname\nend\n");
  assert.equal((await learned.ended).status, 0);
  const daemon = await place.start();
  t.after(async () => {
    closeSync(steps);
    await daemon.stop("the test is over");
    place.remove();
  });
  const modelFile = files.path("web.json");
  const web = place.launch(daemon, ["sh", "-c", SCRIPT], {
    name: "web",
    cwd: files.folder,
    mode: "enforce",
    onViolation: "deny",
    modelFile,
    model: loadModel(modelFile),
  });
  const loop = "while :; do cat /etc/hostname >/dev/null; sleep 0.05; done";
  const busy = place.launch(daemon, ["sh", "-c", loop], { name: "busy" });
  await Promise.all([web.started, busy.started]);
  const { GALGO_RUN_DIR, GALGO_STATE_DIR } = place.env;
  const tmux = new Tmux(t, "80x24", { GALGO_RUN_DIR, GALGO_STATE_DIR });
  const evil = files.write("\u001b]2;owned\u0007\u001b[2J\u202egpj", "");
  const open = (path: string): void => void writeSync(steps, `${path}\n`);
  return { daemon, web, tmux, evil, open };
}

describe("galgo top", { skip: withoutTmux() ?? false }, () => {
  it("shows what runs, what was refused and why, live, and kills when it is told to", async (t) => {
    const { web, tmux, evil, open } = await begin(t);
    const title = tmux.format("pane_title");
    tmux.run(`echo before; ${TOP}; echo status $?`);
    await tmux.see(/^busy +free +seccomp +(\d+)\/\1 +[1-9]\d* .*[0-9a-f]{8}$/m);
    open("/etc/passwd");
    await tmux.see(/^web +enforce seccomp .* 1 +0 [0-9a-f]{8}$/m);

    // a workload in whole: records come while one looks
    tmux.keys("Down", "Enter");
    await tmux.see(/galgo > web {2}enforce[\s\S]*1 denied +cat opens \/etc\/passwd for reading/);
    open("/etc/shadow");
    await tmux.see(/following[\s\S]*2 denied +cat opens \/etc\/shadow for reading/);
    tmux.resize("160x24");
    open(evil);
    await tmux.see(
      /2 denied[\s\S]*3 denied .*cat opens "\S*\\x1b\]2;owned\\x07\\x1b\[2J\\u\{202e\}/,
    );
    assert.equal(tmux.format("pane_title"), title);
    tmux.keys("Up", "Enter");
    await tmux.see(/Violation 2 of 3[\s\S]*Nearest allowed/);
    tmux.keys("Escape");
    await tmux.see(/forensics 3/);
    tmux.keys("Escape");
    await tmux.see(/^NAME/m);

    // any size
    tmux.resize("40x10");
    await tmux.until(
      (text) => /^NAME +MODE +EV\/S +P99 +VIOL$/m.test(text) && /q quit\n?$/.test(text),
      "list of 40 columns",
    );
    tmux.resize("120x30");
    await tmux.see(/^NAME .* COMMAND/m);

    tmux.keys("k");
    await tmux.see(/kill web\?/);
    tmux.keys("n");
    await tmux.see(/nothing was killed/);
    tmux.keys("k");
    await tmux.see(/kill web\?/);
    tmux.keys("y");
    await tmux.see(/^web .* ended/m);
    assert.match((await web.ended)?.outcome.killed ?? "", /asked for by user/);

    // the terminal is as it was
    tmux.keys("q");
    await tmux.see(/before\nstatus 0\n/);
    const flags = ["alternate_on", "cursor_flag", "wrap_flag"].map((name) => tmux.format(name));
    assert.deepEqual(flags, ["0", "1", "1"]);
    tmux.run("stty -a");
    await tmux.see(/[^-]icanon[\s\S]*[^-]echo/);
  });
});
