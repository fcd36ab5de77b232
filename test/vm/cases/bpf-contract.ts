// SPDX-License-Identifier: Apache-2.0
// What every sensor has to keep, for the BPF sensor: programs notice nothing of it, and what was learned runs again.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { GuestCase } from "../lib/case.ts";
import { having, inLab, type Lab } from "../lib/lab.ts";
import {
  buildFixture,
  TRANSPARENCY_MIN_LINES,
  TRANSPARENCY_SOURCES,
} from "../../helpers/fixture.ts";

/** What the program does that can not be described, and is counted: an attribute of 64 KiB, a program in memory without a file. */
const LIMITS: readonly (readonly [reason: string, example: RegExp])[] = [
  ["description-too-long", /^inode_setxattr /],
  ["unreadable-content", /memfd:/],
];
const TIMEOUT_MS = 300_000;
const VIOLATED = 121;
const AS_USER = ["setpriv", "--reuid=1000", "--regid=1000", "--clear-groups", "--"];

async function pushTransparency(lab: Lab): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), "galgo-vm-program-"));
  try {
    const program = buildFixture(dir, "transparency", TRANSPARENCY_SOURCES, ["-static"]);
    await lab.guest.push(program, `${lab.folder}/transparency`);
    return `${lab.folder}/transparency`;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Runs something in an empty folder of the same name each time. */
async function inWork(lab: Lab, args: readonly string[]): Promise<string[]> {
  await lab.sh("rm -rf work && mkdir -m 777 work");
  const options = { env: { LC_ALL: "C", TMPDIR: "/tmp", HOME: "/tmp" }, timeoutMs: TIMEOUT_MS };
  const state = { ...options.env, GALGO_STATE_DIR: `${lab.folder}/state` };
  const { stdout } = await lab.guest.run(args, { ...options, env: state, cwd: lab.folder });
  return stdout.split("\n");
}

async function checkTransparent(lab: Lab, prefix: readonly string[]): Promise<void> {
  const program = [...prefix, await pushTransparency(lab), `${lab.folder}/work`];
  const without = await inWork(lab, program);
  assert.ok(without.length > TRANSPARENCY_MIN_LINES, `only ${without.length} lines`);
  const free = ["/opt/galgo/galgo", "run", "--sensor", "bpf", "--name", "free", "--"];
  const sensed = await inWork(lab, [...free, ...program]);
  const changed = without.flatMap((line, at) =>
    line === sensed[at] ? [] : [`${line} | ${sensed[at]}`],
  );
  assert.deepEqual(changed, []);
  assert.equal(sensed.length, without.length);
  const { losses = [] } = (await lab.facts("free")).outcome ?? {};
  const meant = ({ reason, example }: (typeof losses)[number]): boolean =>
    LIMITS.some(([why, what]) => reason === why && what.test(example));
  assert.deepEqual(
    losses.filter((loss) => !meant(loss)),
    [],
  );
}

export const contract: readonly GuestCase[] = [
  {
    name: "what was learned runs again, in the state of its model; what was not is refused",
    on: { "6.12": "core", newest: "quick" },
    run: (guest) =>
      inLab(guest, async (lab) => {
        await lab.sh("printf 'apple\\npear\\n' >fruits; sleep 2.3");
        const pipeline = ["sh", "-c", "grep -c apple fruits | cat; grep pear fruits >out; cat out"];
        await lab.sh("touch out");
        const learned = await lab.learn("m", pipeline);
        const again = await lab.run("m", pipeline, "--enforce");
        assert.deepEqual([again.status, again.stdout], [0, "1\npear\n"], again.stderr);
        assert.equal(again.stdout, learned.stdout);
        await lab.assertClean("m");
        const model = await lab.galgo(["show", "m.json", "state"]);
        const run = await lab.galgo(["show", "m", "state"]);
        assert.equal(run.stdout, model.stdout);
        const other = await lab.run(
          "m",
          ["sh", "-c", "cat fruits; grep -c apple fruits"],
          "--enforce",
        );
        assert.deepEqual([other.status, other.stdout], [VIOLATED, "1\n"], other.stderr);
        assert.match(
          other.stderr,
          /violation 1: \S*sh > \S*cat opens \S*fruits for reading; denied/,
        );
        const outside = await lab.records("m", "forensics");
        assert.equal(having(outside, "file_open", `${lab.folder}/fruits"`).length, 1);
      }),
  },
  {
    name: "a program behaves as it does without Galgo",
    on: { "6.12": "quick", newest: "full" },
    timeoutMs: TIMEOUT_MS,
    run: (guest) => inLab(guest, (lab) => checkTransparent(lab, [])),
  },
  {
    name: "a program of an ordinary user behaves as it does without Galgo",
    on: { "6.12": "full", newest: "full" },
    timeoutMs: TIMEOUT_MS,
    run: (guest) => inLab(guest, (lab) => checkTransparent(lab, AS_USER)),
  },
  {
    name: "a workload that ends leaves its status, its output and nothing else",
    on: { "6.12": "full", newest: "full" },
    run: (guest) =>
      inLab(guest, async (lab) => {
        const free = ["run", "--sensor", "bpf", "--name", "free", "--"];
        const seven = await lab.galgo([...free, "sh", "-c", "cat; echo error >&2; exit 7"], {
          stdin: "input\n",
        });
        assert.deepEqual([seven.status, seven.stdout], [7, "input\n"]);
        assert.match(seven.stderr, /^error$/m);
        const killed = await lab.galgo([...free, "sh", "-c", "kill -9 $$"]);
        assert.equal(killed.status, 128 + 9);
        assert.equal((await lab.galgo([...free, "/no/such/program"])).status, 127);
        assert.equal((await lab.galgo([...free, "/etc/hostname"])).status, 126);
      }),
  },
];
