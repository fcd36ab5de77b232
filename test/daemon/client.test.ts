// SPDX-License-Identifier: Apache-2.0
// A run by a daemon is the same to whoever starts it as one that is done alone; and who is not served.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, rmdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { after, before, describe, it, type TestContext } from "node:test";
import { cgroupRoot } from "../../src/orchestrator/cgroup-mount.ts";
import { GALGO, Place, type RunningGalgo } from "../cli/galgo.ts";
import { buildLaunchers } from "../helpers/built.ts";
import { ClientDaemon, LEFT } from "../helpers/client-daemon.ts";

const hasNative = buildLaunchers();
const STARTER = resolve(import.meta.dirname, "../../galgo");
const isRoot = process.getuid?.() === 0;

interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

describe("a client of the daemon", { skip: hasNative ? false : "there is no C compiler" }, () => {
  const daemon = new ClientDaemon();
  let server: RunningGalgo;
  before(async () => {
    server = await daemon.start();
  });
  after(() => daemon.remove());

  function ran(place: Place, words: readonly string[], env: NodeJS.ProcessEnv = {}): Ran {
    const [command = "", ...args] = words;
    const { status, stdout, stderr } = spawnSync(command, args, {
      cwd: place.folder,
      env: { ...process.env, GALGO_STATE_DIR: place.state, NO_COLOR: "1", ...env },
      input: "apple\npear\n",
      timeout: 30_000,
      encoding: "utf8",
    });
    return { status, stdout, stderr };
  }

  const served = (place: Place, args: readonly string[], env: NodeJS.ProcessEnv = {}): Ran =>
    ran(place, [...daemon.galgo, ...args], env);
  const alone = (place: Place, args: readonly string[], env: NodeJS.ProcessEnv = {}): Ran =>
    ran(place, [...GALGO, ...args], env);
  /** By the script that users call, which finds the daemon by itself. */
  const started = (place: Place, args: readonly string[]): Ran =>
    ran(place, [STARTER, ...args], { GALGO_RUN_DIR: daemon.run, GALGO_DEBUG: "" });

  /** What both ways of doing it have said: it is the same. Command and Galgo write to one stderr, in no certain order. */
  function same(place: Place, args: readonly string[], env: NodeJS.ProcessEnv = {}): Ran {
    const sorted = (one: Ran): Ran => ({
      ...one,
      stderr: one.stderr.split("\n").sort().join("\n"),
    });
    const by = served(place, args, env);
    assert.deepEqual(sorted(by), sorted(alone(place, args, env)));
    return by;
  }

  function learned(t: TestContext): Place {
    const place = new Place(t);
    place.write("fruits.txt", "apple\npear\n");
    const learning = alone(place, [
      "learn",
      "-o",
      "m.json",
      "--",
      "sh",
      "-c",
      "grep -c apple fruits.txt; true",
    ]);
    assert.equal(learning.status, 0, learning.stderr);
    return place;
  }

  it("gives the command its streams, folder, environment, limits and ignored signals", (t) => {
    const place = new Place(t);
    const script =
      "cat; pwd; umask; ulimit -n; env -0 | sort -z; grep -E 'Sig(Ign|Blk|Cgt)|Groups|Cap' /proc/self/status; echo err >&2; exit 3";
    const env = { ODD: "a\nb", EMPTY: "", NODE_OPTIONS: "" };
    const { status, stdout, stderr } = same(place, ["run", "--", "sh", "-c", script], env);
    assert.equal(status, 3);
    assert.match(stdout, /^apple\npear\n\//);
    assert.match(stdout, /ODD=a\nb\0/);
    assert.match(stderr, /^err\ngalgo: \d+ behaviours in \d+ events recorded; galgo show sh/);
    const ignoring = ["sh", "-c", 'trap "" HUP USR1; exec "$@"', "sh"];
    const asked = ["run", "--", "grep", "SigIgn", "/proc/self/status"];
    const by = ran(place, [...ignoring, ...daemon.galgo, ...asked]);
    assert.equal(by.stdout, "SigIgn:\t0000000000000201\n");
    const opening = ["sh", "-c", 'exec 7</etc/passwd 8>&1; exec "$@"', "sh"];
    const open = ["run", "--", "ls", "/proc/self/fd"];
    assert.equal(ran(place, [...opening, ...daemon.galgo, ...open]).stdout, "0\n1\n2\n3\n");
  });

  it("refuses what the model does not have, with the same words and status", (t) => {
    const place = learned(t);
    const enforce = ["run", "-m", "m.json", "--enforce"];
    const other = ["--", "sh", "-c", "cat fruits.txt; grep -c apple fruits.txt; true"];
    const refused = same(place, [...enforce, ...other]);
    assert.equal(refused.status, 121);
    assert.match(refused.stderr, /violation 1: \S+ runs \S*cat; denied/);
    assert.equal(same(place, [...enforce, "--pass-status", ...other]).status, 0);
    assert.equal(same(place, [...enforce, "--on-violation", "kill", ...other]).status, 121);
    assert.equal(same(place, ["run", "-m", "m.json", ...other]).status, 0);
    assert.match(
      same(place, [...enforce, ...other], { FORCE_COLOR: "1", NO_COLOR: "" }).stderr,
      /\[31m/,
    );
    const usual = same(place, [...enforce, "--", "sh", "-c", "grep -c apple fruits.txt; true"]);
    assert.deepEqual(usual, { status: 0, stdout: "1\n", stderr: "" });
  });

  it("gives the result as JSON, and leaves the run where it always is", (t) => {
    const place = new Place(t);
    const asked = ["run", "--json", "--name", "job", "--", "true"];
    const { stderr } = served(place, asked);
    const record = JSON.parse(stderr.trimEnd().split("\n").at(-1) ?? "") as { name: string };
    assert.equal(record.name, "job");
    const shown = alone(place, ["show", "job", "run", "--json"]);
    assert.deepEqual(JSON.parse(shown.stdout), record);
  });

  it("tells of mistakes with the same words, and nothing runs", (t) => {
    const place = learned(t);
    const touch = ["--", "sh", "-c", "touch ran"];
    place.write("broken.json", "{");
    place.write("odd", "no program\n", 0o755);
    for (const args of [
      ["run", "--enforce", ...touch],
      ["run", "--enforce", "-m", "broken.json", ...touch],
      ["run", "--on-violation", "kill", ...touch],
      ["run", "--name", "../x", ...touch],
    ])
      assert.equal(same(place, args).status, 125);
    assert.equal(same(place, ["run", "--", "./odd"]).status, 126);
    assert.doesNotMatch(place.files().join(" "), /ran/);
    const state = place.write("file", "");
    assert.match(
      same(place, ["run", ...touch], { GALGO_STATE_DIR: state }).stderr,
      /state directory/,
    );
  });

  it("is what ./galgo is when a daemon is there", (t) => {
    const place = new Place(t);
    const { status, stderr } = started(place, ["run", "--name", "job", "--", "true"]);
    assert.equal(status, 0, stderr);
    const { galgoPid } = JSON.parse(started(place, ["show", "job", "run", "--json"]).stdout);
    const lock = Number(readFileSync(`${daemon.run}/daemon.lock`, "utf8"));
    assert.equal(galgoPid, lock);
    for (const [args, expected] of [
      [["run", "--", "no-such-command"], 127],
      [["run", "--", "/etc/passwd"], 126],
      [["run", "-m", "none.json", "--", "true"], 125],
      [["run", "--nonsense", "--", "true"], 125],
      [["run", "--help"], 0],
      [["--no-daemon", "run", "--", "sh", "-c", "exit 5"], 5],
    ] as const)
      assert.equal(started(place, args).status, expected, args.join(" "));
  });

  it("does itself what is not for a daemon, and what a daemon would give it more rights for", (t) => {
    const place = new Place(t);
    const left = (args: readonly string[], wrapper: readonly string[] = []): void => {
      const { status, stdout, stderr } = ran(place, [...wrapper, ...daemon.galgo, ...args]);
      assert.deepEqual([status, stdout], [LEFT, ""], stderr);
      assert.ok(stderr.endsWith(`left: --no-daemon ${args.join(" ")}\n`), stderr);
    };
    const plain = ["run", "--", "true"];
    left(["run", "--sensor", "tsem", "--", "true"]);
    left(["run", "--floor", "--", "true"]);
    left(["run", "--quixote-socket", "x", "--", "true"]);
    left(["run", "-m", "none.json", "--", "true"]);
    left(["run", "--", "none"]);
    left(plain, ["sh", "-c", 'mkdir x && cd x && rmdir ../x && exec "$@"', "sh"]);
    if (!isRoot) return;
    chmodSync(daemon.socket, 0o666);
    chmodSync(daemon.folder, 0o755);
    left(plain, ["setpriv", "--reuid=65534", "--clear-groups"]);
    left(plain, ["setpriv", "--bounding-set=-sys_ptrace"]);
    left(plain, ["unshare", "--mount"]);
    left(plain, ["unshare", "--pid", "--fork"]);
    left(plain, ["setpriv", "--groups=1"]);
    left(plain, ["setpriv", "--no-new-privs"]);
  });

  it("leaves the workload below the caller's cgroup", (t) => {
    const root = cgroupRoot();
    if (!isRoot || root === undefined) return t.skip("only root may make a cgroup here");
    const place = new Place(t);
    const group = join(root, `galgo-caller-${process.pid}`);
    mkdirSync(group);
    t.after(() => rmdirSync(group));
    const joining = ["sh", "-c", 'echo $$ >"$0/cgroup.procs"; exec "$@"', group];
    const asked = ["run", "--name", "job", "--", "grep", "^0::", "/proc/self/cgroup"];
    const { stdout, stderr } = ran(place, [...joining, ...daemon.galgo, ...asked]);
    assert.match(stdout, /\/galgo-caller-\d+\/galgo-job-\d+\.workload\n$/, stderr);
  });

  it("leaves alone what its caller had before: other children, and what is done at their end", (t) => {
    const place = new Place(t);
    const asked = ["run", "--", "grep", "SigIgn", "/proc/self/status"];
    const busy =
      'sleep 1000 </dev/null >/dev/null 2>&1 & echo $! >pid; exec env --ignore-signal=CHLD "$@"';
    const { status, stdout, stderr } = ran(place, [
      "sh",
      "-c",
      busy,
      "sh",
      ...daemon.galgo,
      ...asked,
    ]);
    const other = Number(readFileSync(place.path("pid"), "utf8"));
    t.after(() => process.kill(other, "SIGKILL"));
    assert.deepEqual([status, stdout], [0, "SigIgn:\t0000000000010000\n"], stderr);
    assert.match(readFileSync(`/proc/${other}/stat`, "utf8"), /\(sleep\) S/);
  });

  it("leaves open what a run that is done alone may be given", (t) => {
    const place = new Place(t);
    const starter = place.write("starter", "cat /dev/fd/7\n");
    const [client = "", socket = ""] = daemon.galgo;
    const opening = ["sh", "-c", 'echo model | { exec 7<&0; exec "$@"; }', "sh"];
    const asked = ["run", "-m", "/dev/fd/7", "--", "true"];
    assert.equal(ran(place, [...opening, client, socket, starter, ...asked]).stdout, "model\n");
  });

  it("survives what no client sends", (t) => {
    const place = new Place(t);
    const script = `
import array, os, socket, sys
for first in (b"", b"x", b"\\0" * 24, b"\\xff" * 16000, (1).to_bytes(4, "little") + b"GLC1" + b"\\xff" * 16):
    for fds in ([], [0], [0, 1, 2, 2, 2, 2]):
        s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        s.connect(sys.argv[1])
        try:
            s.sendmsg([first], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else [])
            s.sendmsg([b"\\2\\0\\0\\0\\1\\0\\0\\0/bin/true"])
            s.settimeout(5)
            s.recv(100)
        except OSError:
            pass
        s.close()
print("done")
`;
    const { stdout, stderr } = ran(place, ["/usr/bin/python3", "-c", script, daemon.socket]);
    assert.equal(stdout, "done\n", stderr);
    assert.equal(served(place, ["run", "--", "true"]).status, 0);
  });

  it("waits for no daemon that does not answer", (t) => {
    const place = new Place(t);
    server.process.kill("SIGSTOP");
    try {
      // one at the door, and one behind more than it lets wait there
      assert.equal(served(place, ["run", "--", "true"]).status, LEFT);
      const crowd = `
import socket, subprocess, sys
waiting = [socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) for _ in range(300)]
for s in waiting:
    s.setblocking(False)
    s.connect_ex(sys.argv[2])
sys.exit(subprocess.run(sys.argv[1:]).returncode)
`;
      const behind = ["/usr/bin/python3", "-c", crowd, ...daemon.galgo, "run", "--", "true"];
      assert.equal(ran(place, behind).status, LEFT);
    } finally {
      server.process.kill("SIGCONT");
    }
    assert.equal(served(place, ["run", "--", "true"]).status, 0);
  });
});
