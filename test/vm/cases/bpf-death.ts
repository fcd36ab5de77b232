// SPDX-License-Identifier: Apache-2.0
// Galgo dies: what becomes of the workload, what the kernel does by itself from then on, and what cleaning up leaves.
import assert from "node:assert/strict";
import type { GuestCase } from "../lib/case.ts";
import { assertNothingLeft, EPERM, inLab, type Lab, type Talk } from "../lib/lab.ts";

const EVERYWHERE = { "6.12": "quick", newest: "full" } as const;
const ENOENT = -2;
const CLEANUP_TRIES = 5;

async function kill9(lab: Lab, name: string): Promise<void> {
  const { galgoPid } = await lab.facts(name);
  await lab.sh(`kill -9 ${galgoPid}; while kill -0 ${galgoPid} 2>/dev/null; do sleep 0.05; done`);
}

/** Actions and results of a program that runs already. */
async function does(talk: Talk, actions: Readonly<Record<string, number>>): Promise<void> {
  for (const [action, wanted] of Object.entries(actions)) {
    talk.stdout = "";
    talk.say(action);
    const [, result] = await talk.until(new RegExp(`^${action}=(-?\\d+)$`, "m"));
    assert.equal(Number(result), wanted, action);
  }
}

/** A program that runs already, and a Galgo that has attached to it. */
async function attached(
  lab: Lab,
  options: readonly string[],
): Promise<{ readonly program: Talk; readonly galgo: Talk; readonly pid: string }> {
  const program = lab.start([lab.acts, "pid", "-"]);
  const [, pid = ""] = await program.until(/^pid=(\d+)$/m);
  const galgo = lab.start(["/opt/galgo/galgo", ...options, "--sensor", "bpf", "--pid", pid]);
  await galgo.until(ATTACHED);
  return { program, galgo, pid };
}

/** What Galgo says when it models what it has found. */
const ATTACHED = /attached/;

async function learnAttached(lab: Lab, actions: Readonly<Record<string, number>>): Promise<void> {
  const { program, galgo } = await attached(lab, ["learn", "--name", "m", "-o", "m.json"]);
  await does(program, actions);
  galgo.command.signal(2);
  const { status } = await galgo.command.ended;
  assert.equal(status, 0, galgo.stderr);
  // it goes on without Galgo
  await does(program, { "open never": ENOENT });
  program.end();
  assert.equal((await program.command.ended).status, 0);
}

/** @returns what it says, and whether nothing is left */
async function cleanUp(lab: Lab): Promise<{ readonly said: string; readonly done: boolean }> {
  const { stdout, stderr, status } = await lab.galgo(["doctor", "--cleanup"]);
  return { said: stdout + stderr, done: status === 0 };
}

/** The kernel lets go of the last tasks a little later than of their processes. */
async function cleanUpAll(lab: Lab): Promise<void> {
  for (let tries = 1; ; tries++) {
    const { said, done } = await cleanUp(lab);
    if (done) return;
    assert.ok(tries < CLEANUP_TRIES, said);
  }
}

const KNOWN = { "open known": 0, capmodule: ENOENT } as const;

async function files(lab: Lab): Promise<void> {
  await lab.sh("echo known >known; echo other >other; sleep 2.3");
}

export const death: readonly GuestCase[] = [
  {
    name: "a workload dies with its Galgo, and cleaning up leaves nothing",
    on: { "6.12": "core", newest: "quick" },
    run: (guest) =>
      inLab(
        guest,
        async (lab) => {
          await files(lab);
          const free = ["/opt/galgo/galgo", "run", "--sensor", "bpf", "--name", "free", "--"];
          const talk = lab.start([...free, lab.acts, "both", "pid", "open known", "line"]);
          await talk.until(/^open known=0\n(?:.*\n)*open known=0$/m);
          const pids = [...talk.stdout.matchAll(/^pid=(\d+)$/gm)].map(([, pid]) => pid);
          assert.equal(pids.length, 2);
          await kill9(lab, "free");
          await lab.sh(
            `for p in ${pids.join(" ")}; do while kill -0 $p 2>/dev/null; do sleep 0.05; done; done`,
          );
          await cleanUpAll(lab);
          await assertNothingLeft(guest);
        },
        { alone: true },
      ),
  },
  {
    name: "without Galgo, an enforced model goes on in the kernel: known is allowed, unknown refused",
    on: EVERYWHERE,
    run: (guest) =>
      inLab(
        guest,
        async (lab) => {
          await files(lab);
          await learnAttached(lab, KNOWN);
          const { program } = await attached(lab, [
            "run",
            "--name",
            "m",
            "-m",
            "m.json",
            "--enforce",
          ]);
          await does(program, KNOWN);
          await kill9(lab, "m");
          await does(program, KNOWN);
          const sub = (action: string): string => `sub ${action}`;
          program.stdout = "";
          program.say(sub("open other"));
          await program.until(/^open other=-1$/m);
          program.say(sub("capboot"));
          await program.until(/^capboot=-1$/m);
          await does(program, KNOWN);
          // nobody else is concerned
          const others = await guest.run([lab.acts, "open other", "capboot"], { cwd: lab.folder });
          assert.match(others.stdout, /^open other=0\ncapboot=-22$/m);
          // it is not set free without being asked for
          const { said, done } = await cleanUp(lab);
          assert.ok(!done && /set-free/.test(said), said);
          await does(program, { ...KNOWN, "open other": EPERM });
          program.end();
          await program.command.ended;
          await cleanUpAll(lab);
          await assertNothingLeft(guest);
        },
        { alone: true },
      ),
  },
  {
    name: "without Galgo, a free namespace allows and counts",
    on: { "6.12": "full", newest: "full" },
    run: (guest) =>
      inLab(
        guest,
        async (lab) => {
          await files(lab);
          const { program } = await attached(lab, ["run", "--name", "m"]);
          await does(program, KNOWN);
          await kill9(lab, "m");
          await does(program, { ...KNOWN, "open other": 0, capboot: -22 });
          const counted = await lab.sh(
            "bpftool -j map dump name galgo_namespace | grep -o '\"unanswered\": *[1-9]'",
          );
          assert.notEqual(counted, "");
          program.end();
          await program.command.ended;
          await cleanUpAll(lab);
          await assertNothingLeft(guest);
        },
        { alone: true },
      ),
  },
];
