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

/** Waits until a text stands in the trajectory of the only run of that name. */
async function recorded(place: Place, name: string, text: string): Promise<void> {
  const folder = join(place.state, name);
  const run = readdirSync(folder).find((entry) => entry !== "latest") ?? "";
  const deadline = performance.now() + DEADLINE_MS;
  while (!readFileSync(join(folder, run, "trajectory.jsonl"), "utf8").includes(text)) {
    assert.ok(performance.now() < deadline, `${text} was not recorded`);
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
      ...shell("trap 'echo told; exit 7' TERM; sleep 1000 & echo ready; wait"),
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

describe("learning that is asked to end", () => {
  it("makes no more runs, and a model of what it has", async (t) => {
    const place = new Place(t);
    const script = "trap 'exit 0' TERM; echo ready; while :; do sleep 0.05; done";
    const run = place.start(["learn", "-o", "m.json", "--runs", "5", ...shell(script)]);
    await run.says(/ready/);
    run.process.kill("SIGTERM");
    const { status, stdout, stderr } = await run.ended;
    assert.deepEqual([status, stdout], [0, "ready\n"], stderr);
    assert.match(stderr, /sealed in m\.json/);
  });

  it("makes no model of a workload that had to be killed", async (t) => {
    const place = new Place(t);
    const run = place.start([
      "learn",
      "-o",
      "m.json",
      ...shell("trap '' TERM; echo ready; while :; do sleep 1; done"),
    ]);
    await run.says(/ready/);
    run.process.kill("SIGTERM");
    await run.says(/once more ends the workload/);
    run.process.kill("SIGTERM");
    const { status, stderr } = await run.ended;
    assert.equal(status, 125);
    assert.match(
      stderr,
      /no model was written: the workload was killed \(SIGTERM for the second time\)/,
    );
    assert.deepEqual(place.files(), ["state"]);
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
    // records are handed to the kernel when no event waits, and then survive
    await recorded(place, "job", "/pid");
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

/** A system call through the 32-bit entry, which no table of ours describes. */
const OTHER_ENTRY = `
int main(void) {
  int pid;
  __asm__ volatile("int $0x80" : "=a"(pid) : "a"(20) : "memory");
  return pid > 0 ? 0 : 3;
}
`;

/** Runs a command that can not make a seccomp listener: deny ERRNO COMMAND... */
const DENY = `
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
int main(int argc, char **argv) {
  struct sock_filter filter[] = {{0x20, 0, 0, 0}, {0x15, 0, 1, SYS_seccomp},
    {6, 0, 0, SECCOMP_RET_ERRNO | atoi(argv[1])}, {6, 0, 0, SECCOMP_RET_ALLOW}};
  struct sock_fprog program = {4, filter};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
  execv(argv[2], argv + 2);
  return 99;
}
`;

/** Path of the program, or undefined where it can not be made. */
function compiled(place: Place, source: string): string | undefined {
  const program = place.path("program");
  place.write("program.c", source);
  try {
    execFileSync("cc", ["-o", program, `${program}.c`], { stdio: "ignore" });
    return program;
  } catch {
    return undefined;
  }
}

describe("a decision that does not come", () => {
  it("ends the workload after the deadline, out loud", async (t) => {
    const place = new Place(t);
    const program = compiled(place, HANG);
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

describe("events that can not be described", () => {
  it("keep a model from being written, unless that is said", async (t) => {
    const place = new Place(t);
    const program = compiled(place, OTHER_ENTRY);
    if (program === undefined) return t.skip("there is no C compiler for x86");
    const before = place.files();
    const refused = await place.galgo("learn", "-o", "m.json", "--", program);
    if (refused.status === 139) return t.skip("this kernel has no 32-bit entry");
    assert.equal(refused.status, 125, refused.stderr);
    assert.match(refused.stderr, /no model was written: .*1 x foreign-entry-point.*--allow-loss/);
    assert.deepEqual(place.files(), [...before, "state"].sort());
    const allowed = await place.galgo("learn", "--allow-loss", "-o", "m.json", "--", program);
    assert.equal(allowed.status, 0);
    assert.match(allowed.stderr, /1 LOST/);
    assert.equal((await place.galgo("model", "lint", "m.json")).status, 1);
  });
});

describe("a machine that forbids user notification", () => {
  it("is told of in one line, and nothing runs", async (t) => {
    const place = new Place(t);
    const deny = compiled(place, DENY);
    if (deny === undefined) return t.skip("there is no C compiler");
    const run = place.wrapped([deny, "1"], ["run", ...shell("echo ran")]);
    const { status, stdout, stderr } = await run.ended;
    assert.deepEqual([status, stdout], [125, ""]);
    assert.match(
      stderr,
      /^galgo: can not hold the workload's system calls \(seccomp: EPERM\).*\n$/,
    );
    const doctor = await place.wrapped([deny, "1"], ["doctor"]).ended;
    assert.equal(doctor.status, 1);
    assert.match(
      doctor.stdout,
      /seccomp +refused\n +because seccomp user notification is refused \(EPERM\)/,
    );
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
    // no other program: a child of vfork that is stopped before its exec would keep its parent from stopping
    const words = [...GALGO, "run", "--", "sh", "-c", "echo be''gun; read line; echo woken"];
    pty.type(`${words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ")}\n`);
    await pty.expect(/begun\r\n/);
    await pressUntilStopped(pty);
    pty.type("fg\n");
    await pty.expect(/fg\r\n/);
    pty.type("\x03");
    await pty.expect(/% /);
    pty.type("echo status=$?; exit 0\n");
    await pty.expect(/status=130/);
    await pty.end();
  });
});

/** On a loaded machine a Ctrl-Z right after the start can be lost: people press again. */
async function pressUntilStopped(pty: Pty): Promise<void> {
  for (let press = 1; ; press++) {
    pty.type("\x1a");
    try {
      await pty.expect(/\[1\]\+\s+Stopped/, 4_000);
      return;
    } catch (error) {
      if (press === 4) throw error;
    }
  }
}
