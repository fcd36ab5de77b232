// SPDX-License-Identifier: Apache-2.0
// How runs end, whoever runs them: signals, background processes, a decision that does not come, a full terminal session.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, it, type TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { processEntry } from "../../src/sensor/seccomp/launch-tree.ts";
import { Place } from "../cli/galgo.ts";
import { Pty, STOPPABLE, typed } from "./pty.ts";

export const POLL_MS = 10;
export const DEADLINE_MS = 30_000;

/** Waits until a process is dead (a zombie that nobody waits for counts). */
export async function gone(pid: number): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  for (;;) {
    const entry = processEntry(pid);
    if (entry === undefined || entry.state === "Z") return;
    assert.ok(performance.now() < deadline, `process ${pid} is still there`);
    await pause(POLL_MS);
  }
}

export function pidIn(place: Place, file: string): number {
  const pid = Number(readFileSync(place.path(file), "utf8"));
  assert.ok(pid > 1);
  return pid;
}

export const shell = (script: string): string[] => ["--", "sh", "-c", script];

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

/** Path of the program, or undefined where it can not be made. */
export function compiled(place: Place, source: string): string | undefined {
  const program = place.path("program");
  place.write("program.c", source);
  try {
    execFileSync("cc", ["-o", program, `${program}.c`], { stdio: "ignore" });
    return program;
  } catch {
    return undefined;
  }
}

/** Tests of `galgo run`. @param galgo the command line that is galgo */
export function lifetimeCases(galgo: readonly string[]): void {
  const placeOf = (t: TestContext): Place => new Place(t, galgo);

  describe("signals to galgo", () => {
    it("SIGTERM reaches the command, whose status is passed on", async (t) => {
      const run = placeOf(t).start([
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
      const run = placeOf(t).start([
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
      const run = placeOf(t).start(["run", ...shell(script)]);
      await run.says(/ready/);
      run.process.kill("SIGUSR1");
      await run.says(/one/);
      run.process.kill("SIGINT");
      assert.equal((await run.ended).status, 9);
    });
  });

  describe("processes that outlive the command", () => {
    it("are waited for", async (t) => {
      const { status, stdout } = await placeOf(t).galgo(
        "run",
        ...shell("(sleep 0.3; echo late) & exit 6"),
      );
      assert.deepEqual([status, stdout], [6, "late\n"]);
    });

    it("are killed when that is asked for", async (t) => {
      const place = placeOf(t);
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

  describe("a decision that does not come", () => {
    it("ends the workload after the deadline, out loud", async (t) => {
      const place = placeOf(t);
      const program = compiled(place, HANG);
      if (program === undefined) return t.skip("there is no C compiler");
      if (process.getuid?.() !== 0) return t.skip("only root may let others wait for its memory");
      const { status, stdout, stderr } = await place.galgo(
        "run",
        "--deadline",
        "500",
        "--",
        program,
      );
      if (status === 3 || status === 4) return t.skip("this kernel has no userfaultfd");
      assert.match(stdout, /hanging/);
      assert.doesNotMatch(stdout, /free/);
      assert.equal(status, 125, stderr);
      assert.match(stderr, /killed: no decision on one event for \d+ ms/);
    });
  });

  describe("an interactive shell under galgo", () => {
    it("has its terminal, its jobs and its Ctrl-C", async (t) => {
      const place = placeOf(t);
      process.env["GALGO_STATE_DIR"] = place.state;
      const pty = new Pty(t, [
        ...galgo,
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
      pty.type(typed(STOPPABLE));
      await pty.expect(/begun/);
      pty.type("\x1a");
      await pty.expect(/\[1\]\+\s+Stopped/);
      pty.type("fg\n");
      await pty.expect(/awake/);
      pty.type("\x03");
      await pty.expect(/% /);
      pty.type("echo status=$?; exit 5\n");
      await pty.expect(/status=130/);
      assert.deepEqual(await pty.end(), { code: 5, signal: null });
      assert.doesNotMatch(pty.output, /no job control|cannot set terminal/);
    });

    it("stops together with the command on Ctrl-Z, and goes on with fg", async (t) => {
      const place = placeOf(t);
      process.env["GALGO_STATE_DIR"] = place.state;
      const pty = new Pty(t, ["/bin/bash", "--norc", "--noprofile", "-i"]);
      await pty.expect(/% /);
      pty.type(typed([...galgo, "run", "--", ...STOPPABLE]));
      await pty.expect(/begun\r\n/);
      await pressUntilStopped(pty);
      pty.type("fg\n");
      await pty.expect(/awake/);
      pty.type("\x03");
      await pty.expect(/% /);
      pty.type("echo status=$?; exit 0\n");
      await pty.expect(/status=130/);
      await pty.end();
    });
  });
}

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
