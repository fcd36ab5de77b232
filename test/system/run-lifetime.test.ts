// SPDX-License-Identifier: Apache-2.0
// How runs end: signals, background processes, Galgo killed, a decision that does not come, a full terminal session.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { GALGO, Place } from "../cli/galgo.ts";
import {
  compiled,
  DEADLINE_MS,
  gone,
  lifetimeCases,
  pidIn,
  POLL_MS,
  shell,
} from "../helpers/lifetime-cases.ts";
import { buildLaunchers } from "../helpers/built.ts";

before(() => {
  buildLaunchers();
});

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

lifetimeCases(GALGO);

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
