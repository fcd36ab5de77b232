// SPDX-License-Identifier: Apache-2.0
// System calls with nonsense in them: the sensor goes on, keeps no descriptor, and has no slip of its own.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { numberOf, thisMachine } from "../../src/sensor/seccomp/arch.ts";
import { TABLE } from "../../src/sensor/seccomp/table.ts";
import {
  type Workplace,
  buildFixture,
  openWorkplace,
  withoutCompiler,
} from "../helpers/fixture.ts";
import { runSensed } from "../helpers/sensed.ts";

const USER = 1000;
const CALLS = 4_000;
const SEEDS = [1, 2, 3];
/** What ends, stops or changes the program that makes the calls, or waits for ever. */
const LEFT_OUT: ReadonlySet<string> = new Set(
  (
    "kill tkill tgkill rt_sigqueueinfo rt_tgsigqueueinfo pidfd_send_signal execve execveat clone ptrace accept accept4 " +
    "setuid setgid setreuid setregid setresuid setresgid setfsuid setfsgid setgroups capset prctl mprotect pkey_mprotect " +
    "mmap shmat unshare setns umask prlimit64 setrlimit reboot vhangup personality process_vm_writev process_madvise " +
    "userfaultfd fcntl"
  ).split(" "),
);
const isRoot = process.geteuid?.() === 0;
const setpriv = spawnSync("sh", ["-c", "command -v setpriv"], { encoding: "utf8" }).stdout.trim();
const skip = withoutCompiler || (isRoot && setpriv === "" ? "needs setpriv" : false);

let workplace: Workplace;
let program = "";

before(() => {
  if (skip !== false) return;
  workplace = openWorkplace();
  program = buildFixture(workplace.folder, "fuzz", ["fuzz.c"]);
});

after(() => {
  workplace?.dispose();
});

function freshFolder(): string {
  const folder = join(workplace.folder, "work");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, "dir"), { recursive: true });
  writeFileSync(join(folder, "a"), "a");
  writeFileSync(join(folder, "dir/a"), "a");
  symlinkSync("a", join(folder, "link"));
  symlinkSync("nowhere", join(folder, "dangling"));
  symlinkSync("loop", join(folder, "loop"));
  spawnSync("mkfifo", [join(folder, "fifo")]);
  chmodSync(folder, 0o777);
  chmodSync(join(folder, "dir"), 0o777);
  chmodSync(join(folder, "fifo"), 0o666);
  return folder;
}

const numbers = TABLE.filter(({ syscall }) => !LEFT_OUT.has(syscall))
  .map(({ syscall }) => numberOf(syscall, thisMachine()))
  .filter((number) => number >= 0);

function commandOf(seed: number, threads: number): string[] {
  // harmless: a user without rights, so never as root itself
  const asUser = isRoot
    ? [setpriv, `--reuid=${USER}`, `--regid=${USER}`, "--clear-groups", "--"]
    : [];
  return [...asUser, program, `${seed}`, `${CALLS}`, `${threads}`, ...numbers.map(String)];
}

for (const [seed, threads, enforcing] of SEEDS.flatMap((seed) => [
  [seed, 1, false] as const,
  [seed, 4, true] as const,
])) {
  const name = `${threads} threads of nonsense, seed ${seed}${enforcing ? ", enforcing" : ""}`;
  test(name, { skip }, async (t) => {
    const sensed = await runSensed(commandOf(seed, threads), {
      cwd: freshFolder(),
      env: { PATH: process.env["PATH"] },
      keep: [],
      enforcing,
      deadlineMs: 120_000,
    });
    t.diagnostic(`${sensed.seen} calls`);
    assert.equal(sensed.failed, undefined);
    const slips = sensed.losses.filter(({ reason }) => reason === "internal-error");
    assert.deepEqual([...new Set(slips.map(({ detail }) => detail))], []);
    assert.equal(sensed.late, false);
    assert.ok(sensed.seen > BigInt(CALLS) / 2n, `${sensed.seen} calls were held`);
    assert.ok(
      sensed.fdsAfter <= sensed.fdsBefore + 1,
      `${sensed.fdsBefore} descriptors before, ${sensed.fdsAfter} after`,
    );
  });
}
