// SPDX-License-Identifier: Apache-2.0
// galgo top and its terminal: names that would like to draw themselves, colours, signals, a daemon that dies.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { textWidth } from "../../src/cli/screen/width.ts";
import { GALGO, Place } from "../cli/galgo.ts";
import { RecordedDaemon, statusOf } from "../helpers/recorded-daemon.ts";
import { Tmux, withoutTmux } from "../helpers/tmux.ts";

const TOP = [...GALGO, "top", "-d", "0.3"].join(" ");
const SCRIPT = fileURLToPath(new URL("../../galgo", import.meta.url));

const HOSTILE: readonly string[] = [
  "\u001b]2;owned\u0007\u001b[2J\u001b[31mred",
  "\u009b31mc1\u0085",
  "日本語の名前日本語の名前日本語の名前",
  "a\u0301\u0302\u0303\u0304\u0305\u0306zalgo",
  "\u202egpj.exe\u202c",
  "שלום עולם",
  "👨‍👩‍👧‍👦🇩🇪👍🏽",
  "\r\n\tlines",
  "\ud800half",
  "x".repeat(500),
];

/** A terminal beside a daemon that tells of these workloads. */
async function recorded(t: TestContext, names: readonly string[], size: string) {
  const place = new Place(t);
  const daemon = await RecordedDaemon.listen(place.path("run"));
  t.after(() => daemon.close());
  daemon.workloads = names.map((name, i) =>
    statusOf({ name, id: `id-${i}`, counts: { violations: 1 }, state: name }),
  );
  const env = { GALGO_RUN_DIR: place.path("run"), GALGO_STATE_DIR: place.state };
  return { place, daemon, tmux: new Tmux(t, size, env) };
}

describe("galgo top in a terminal", { skip: withoutTmux() ?? false }, () => {
  it("lets no name draw anything, and keeps its columns", async (t) => {
    const { tmux, daemon } = await recorded(t, HOSTILE, "80x24");
    const title = tmux.format("pane_title");
    daemon.records.set("id-0/forensics", ["\u001b[2J not a record \u202e"]);
    tmux.run(TOP);
    const shown = await tmux.see(/enforce seccomp [\s\S]*q quit\n*$/);
    const rows = shown.split("\n").filter((text) => / enforce seccomp /.test(text));
    assert.equal(rows.length, HOSTILE.length);
    const columns = rows.map((text) => textWidth(text.slice(0, text.indexOf(" enforce "))));
    assert.deepEqual(new Set(columns).size, 1, shown);
    assert.ok(rows.some((text) => text.includes("日本語")));
    tmux.keys("Enter");
    const whole = await tmux.see(/can not be read|no violations/);
    assert.match(whole, /galgo > /);
    assert.equal(tmux.format("pane_title"), title);
  });

  it("shows no colour with NO_COLOR, and what is chosen all the same", async (t) => {
    const { tmux } = await recorded(t, ["web"], "80x24");
    tmux.run(`NO_COLOR=1 ${TOP}`);
    await tmux.see(/^web +enforce/m);
    const text = tmux.lines(true).join("\n");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what tmux writes
    assert.doesNotMatch(text, /\u001b\[[\d;]*(?:3[0-7]|4[0-7]|9[0-7])m/);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the same
    assert.match(text, /web +\u001b\[0;7m/);
    tmux.keys("q");
    await tmux.until(() => tmux.format("alternate_on") === "0", "end");
    tmux.run(`env -u NO_COLOR ${TOP} web`);
    await tmux.see(/^galgo > web {2}enforce/m);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the same
    assert.match(tmux.lines(true).join("\n"), /\u001b\[30m\u001b\[46m|\u001b\[[\d;]*46m/);
  });

  it("is stopped by Ctrl-Z and goes on with fg; SIGTERM gives the terminal back", async (t) => {
    const { tmux, place } = await recorded(t, ["web"], "80x24");
    tmux.run(`set -m; sh -c 'echo $$ >${place.path("pid")}; exec ${TOP}'; echo status $?`);
    await tmux.see(/^web +enforce/m);
    tmux.keys("C-z");
    await tmux.see(/status 148/);
    assert.equal(tmux.format("alternate_on"), "0");
    tmux.run("fg >/dev/null; echo status $?");
    await tmux.see(/^web +enforce/m);
    process.kill(Number(readFileSync(place.path("pid"), "utf8")), "SIGTERM");
    await tmux.see(/status 143/);
    const flags = ["alternate_on", "cursor_flag", "wrap_flag"].map((name) => tmux.format(name));
    assert.deepEqual(flags, ["0", "1", "1"]);

    // where no shell is above it the kernel stops nothing
    tmux.run(`exec ${TOP}`);
    await tmux.see(/^web +enforce/m);
    tmux.keys("C-z", "?");
    await tmux.see(/^Keys[\s\S]*Ctrl-Z/m);
    tmux.keys("Escape");
    await tmux.see(/^web +enforce/m);
  });

  it("can be looked at and quit while a daemon does not answer", async (t) => {
    const place = new Place(t);
    mkdirSync(place.path("run"));
    const deaf = createServer().listen(place.path("run/api.sock"));
    t.after(() => deaf.close());
    const env = { GALGO_RUN_DIR: place.path("run"), GALGO_STATE_DIR: place.state };
    const tmux = new Tmux(t, "80x24", env);
    tmux.run(`${TOP}; echo status $?`);
    await tmux.see(/^galgo {2}0 workloads[\s\S]*looking \.\.\./m);
    tmux.keys("q");
    await tmux.see(/^status 0$/m);
  });

  it("says that the daemon is gone, and finds the next one", async (t) => {
    const place = new Place(t);
    const env = { GALGO_RUN_DIR: place.path("run"), GALGO_STATE_DIR: place.state };
    const first = place.start(["daemon"], env);
    await first.says(/ready/);
    const run = spawn(SCRIPT, ["run", "--name", "first", "--", "sleep", "60"], {
      env: { ...process.env, ...env },
      stdio: "ignore",
    });
    t.after(() => run.kill("SIGKILL"));
    const tmux = new Tmux(t, "80x24", env);
    tmux.run(TOP);
    await tmux.see(/^first +free/m);
    first.process.kill("SIGKILL");
    await tmux.see(/the daemon is gone for \d+s[\s\S]*^first +free/m);
    const next = place.start(["daemon"], env);
    t.after(async () => {
      next.process.kill("SIGTERM");
      await next.ended;
      // it may have written what the place removed before
      place.remove();
    });
    const shown = await tmux.see(/^first +free .* ended/m);
    assert.doesNotMatch(shown, /the daemon is gone/);
    tmux.keys("q");
    await tmux.until(() => tmux.format("alternate_on") === "0", "end");
  });
});

describe("galgo top and galgo ps without a terminal", () => {
  it("print plain lines, or JSON", async (t) => {
    const place = new Place(t);
    const daemon = await RecordedDaemon.listen(place.path("run"));
    t.after(() => daemon.close());
    daemon.workloads = ["web", "\u001b[31mred"].map((name, i) => statusOf({ name, id: `id-${i}` }));
    const env = { GALGO_RUN_DIR: place.path("run") };
    const of = async (...args: string[]): Promise<string> => {
      const { status, stdout, stderr } = await place.start(args, env).ended;
      assert.equal(status, 0, stderr);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: none of them is wanted
      assert.doesNotMatch(stdout, /\u001b/);
      return stdout;
    };
    assert.match(await of("ps"), /^NAME +MODE [\s\S]*\nweb +enforce +seccomp +3\/4 /);
    assert.match(await of("top", "--once", "-d", "0.1"), /^NAME +MODE .*EV\/S/);
    assert.doesNotMatch(await of("top", "web", "--once", "-d", "0.1"), /red/);
    const [, red] = JSON.parse(await of("ps", "--json")) as { name: string; via: string }[];
    assert.deepEqual([red?.name, red?.via], ["web", "daemon"]);
    const lines = (await of("top", "--json", "-n", "2", "-d", "0.1")).trimEnd().split("\n");
    assert.equal(lines.length, 2);
    assert.equal((JSON.parse(lines[1] ?? "") as { workloads: unknown[] }).workloads.length, 2);
  });

  it("list runs that go on alone, and none that ended", async (t) => {
    const place = new Place(t);
    const env = { GALGO_RUN_DIR: place.path("run") };
    assert.match((await place.start(["ps"], env).ended).stderr, /no workload runs/);
    const run = place.start([
      "run",
      "--name",
      "alone",
      "--",
      "sh",
      "-c",
      "echo go >&2; exec sleep 60",
    ]);
    await run.says(/go/);
    const during = await place.start(["ps", "--json"], env).ended;
    const [listed] = JSON.parse(during.stdout) as { name: string; via: string; galgoPid: number }[];
    assert.deepEqual([listed?.name, listed?.via], ["alone", "alone"]);
    assert.equal(listed?.galgoPid, run.process.pid);
    run.process.kill("SIGKILL");
    await run.ended;
    assert.equal((await place.start(["ps", "--json"], env).ended).stdout.trim(), "[]");
  });
});
