// SPDX-License-Identifier: Apache-2.0
// How runs end: signals, background processes, Galgo killed, a decision that does not come, a full terminal session.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { processEntry } from "../../src/sensor/seccomp/launch-tree.ts";
import { GALGO, Place } from "../cli/galgo.ts";
import { buildLaunchers } from "../helpers/built.ts";
import { Pty } from "../helpers/pty.ts";

before(() => {
  buildLaunchers();
});

const POLL_MS = 10;
const DEADLINE_MS = 30_000;

/** Waits until a process is dead (a zombie that nobody waits for counts). */
async function gone(pid: number): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  for (;;) {
    const entry = processEntry(pid);
    if (entry === undefined || entry.state === "Z") return;
    assert.ok(performance.now() < deadline, `process ${pid} is still there`);
    await pause(POLL_MS);
  }
}

function pidIn(place: Place, file: string): number {
  const pid = Number(readFileSync(place.path(file), "utf8"));
  assert.ok(pid > 1);
  return pid;
}

const shell = (script: string): string[] => ["--", "sh", "-c", script];

describe("signals to galgo", () => {
  it("SIGTERM reaches the command, whose status is passed on", async (t) => {
    const run = new Place(t).start([
      "run",
      ...shell("trap 'echo told; exit 7' TERM; echo ready; sleep 1000 & wait"),
    ]);
    await run.says(/ready/);
    run.process.kill("SIGTERM");
    // the sleep goes on and is waited for; the second one ends it
    await run.says(/the command has ended, processes it started go on/);
    run.process.kill("SIGTERM");
    const { status, signal } = await run.ended;
    assert.deepEqual([status, signal], [7, null]);
  });

  it("a second SIGTERM ends a workload that does not listen", async (t) => {
    const run = new Place(t).start([
      "run",
      ...shell("trap '' TERM; echo ready; while :; do sleep 1; done"),
    ]);
    await run.says(/ready/);
    run.process.kill("SIGTERM");
    await run.says(/once more ends the workload/);
    run.process.kill("SIGTERM");
    const { status, stderr } = await run.ended;
    assert.equal(status, 137, stderr);
    assert.match(stderr, /killed: SIGTERM for the second time/);
  });

  it("SIGINT and SIGUSR1 are passed on and do not end galgo", async (t) => {
    const script =
      "trap 'echo one' USR1; trap 'exit 9' INT; echo ready; while :; do sleep 0.05; done";
    const run = new Place(t).start(["run", ...shell(script)]);
    await run.says(/ready/);
    run.process.kill("SIGUSR1");
    await run.says(/one/);
    run.process.kill("SIGINT");
    assert.equal((await run.ended).status, 9);
  });
});

describe("processes that outlive the command", () => {
  it("are waited for", async (t) => {
    const { status, stdout } = await new Place(t).galgo(
      "run",
      ...shell("(sleep 0.3; echo late) & exit 6"),
    );
    assert.deepEqual([status, stdout], [6, "late\n"]);
  });

  it("are killed when that is asked for", async (t) => {
    const place = new Place(t);
    const { status } = await place.galgo(
      "run",
      "--on-exit",
      "kill",
      ...shell("sleep 1000 & echo $! > pid; exit 6"),
    );
    assert.equal(status, 6);
    assert.equal(processEntry(pidIn(place, "pid")), undefined);
  });
});

describe("galgo killed with SIGKILL", () => {
  it("takes the workload with it and leaves its records readable", async (t) => {
    const place = new Place(t);
    const run = place.start([
      "run",
      "--name",
      "job",
      ...shell("cat /dev/null; sleep 1000 & echo $! > pid; echo ready; wait"),
    ]);
    await run.says(/ready/);
    // all events so far have been answered, so their records have been handed to the kernel
    run.process.kill("SIGKILL");
    assert.equal((await run.ended).signal, "SIGKILL");
    await gone(pidIn(place, "pid"));
    const { status, stdout } = await place.galgo("show", "job", "trajectory");
    assert.equal(status, 0);
    assert.match(stdout, /creates \S*pid/);
    const unfinished = await place.galgo("show", "job", "state");
    assert.equal(unfinished.status, 125);
    assert.match(unfinished.stderr, /has not ended yet/);
  });

  it("leaves at worst a cut last line, which is said", async (t) => {
    const place = new Place(t);
    await place.galgo("run", "--name", "job", "--", "true");
    const folder = join(place.state, "job");
    const run = readdirSync(folder).find((name) => name !== "latest") ?? "";
    const text = readFileSync(join(folder, run, "trajectory.jsonl"), "utf8");
    place.write("cut.jsonl", text.slice(0, -30));
    const { status, stdout, stderr } = await place.galgo("show", "./cut.jsonl", "trajectory");
    assert.equal(status, 0);
    assert.match(stderr, /ends in an incomplete record \(\d+ bytes\), which was left out/);
    assert.ok(stdout.split("\n").length > 2);
  });
});

const HANG = `
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
int main(void) {
  int fd = syscall(SYS_userfaultfd, O_CLOEXEC);
  struct uffdio_api api = {UFFD_API, 0, 0};
  if (fd < 0 || ioctl(fd, UFFDIO_API, &api)) return 3;
  char *page = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  struct uffdio_register range = {{(unsigned long)page, 4096}, UFFDIO_REGISTER_MODE_MISSING, 0};
  if (ioctl(fd, UFFDIO_REGISTER, &range)) return 4;
  write(1, "hanging\\n", 8);
  open(page, O_RDONLY); /* whoever reads the name waits for us, and we wait for them */
  write(1, "free\\n", 5);
  return 0;
}
`;

function compiled(place: Place): string | undefined {
  place.write("hang.c", HANG);
  try {
    execFileSync("cc", ["-o", place.path("hang"), place.path("hang.c")], { stdio: "ignore" });
    return place.path("hang");
  } catch {
    return undefined;
  }
}

describe("a decision that does not come", () => {
  it("ends the workload after the deadline, out loud", async (t) => {
    const place = new Place(t);
    const program = compiled(place);
    if (program === undefined) return t.skip("there is no C compiler");
    if (process.getuid?.() !== 0) return t.skip("only root may let others wait for its memory");
    const { status, stdout, stderr } = await place.galgo("run", "--deadline", "500", "--", program);
    if (status === 3 || status === 4) return t.skip("this kernel has no userfaultfd");
    assert.match(stdout, /hanging/);
    assert.doesNotMatch(stdout, /free/);
    assert.equal(status, 125, stderr);
    assert.match(stderr, /killed: no decision on one event for \d+ ms/);
  });
});

describe("an interactive shell under galgo", () => {
  it("has its terminal, its jobs and its Ctrl-C", async (t) => {
    const place = new Place(t);
    process.env["GALGO_STATE_DIR"] = place.state;
    const pty = new Pty(t, [
      ...GALGO,
      "run",
      "--name",
      "shell",
      "--",
      "/bin/bash",
      "--norc",
      "--noprofile",
      "-i",
    ]);
    await pty.expect(/% /);
    pty.type("sh -c 'echo be''gun; exec sleep 1000'\n");
    await pty.expect(/begun/);
    pty.type("\x1a");
    await pty.expect(/\[1\]\+\s+Stopped/);
    pty.type("fg\n");
    await pty.expect(/fg\r\n.*sleep 1000/);
    pty.type("\x03");
    await pty.expect(/% /);
    pty.type("echo status=$?; exit 5\n");
    await pty.expect(/status=130/);
    assert.deepEqual(await pty.end(), { code: 5, signal: null });
    assert.doesNotMatch(pty.output, /no job control|cannot set terminal/);
  });

  it("stops together with the command on Ctrl-Z, and goes on with fg", async (t) => {
    const place = new Place(t);
    process.env["GALGO_STATE_DIR"] = place.state;
    const pty = new Pty(t, ["/bin/bash", "--norc", "--noprofile", "-i"]);
    await pty.expect(/% /);
    const words = [...GALGO, "run", "--", "sh", "-c", "echo be''gun; sleep 1000; echo woken"];
    pty.type(`${words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ")}\n`);
    await pty.expect(/begun\r\n/);
    pty.type("\x1a");
    await pty.expect(/\[1\]\+\s+Stopped/);
    pty.type("fg\n");
    await pty.expect(/fg\r\n/);
    pty.type("\x03");
    await pty.expect(/% /);
    pty.type("echo status=$?; exit 0\n");
    await pty.expect(/status=130/);
    await pty.end();
  });
});
