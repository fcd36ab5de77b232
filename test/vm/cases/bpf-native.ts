// SPDX-License-Identifier: Apache-2.0
// One workload, learned here under seccomp and in the guest under BPF: every behaviour that only one of the two models holds is
// explained by what the sensors declare of themselves.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";
import type { GuestCase } from "../lib/case.ts";
import type { Guest } from "../lib/guest.ts";
import { type Fidelity, Lab, type RecordLine, recordOf, type RunFacts } from "../lib/lab.ts";
import { compileProgram } from "../lib/programs.ts";

const ROOT = join(import.meta.dirname, "..", "..", "..");
const EXT_MAGIC = 0xef53;
const SETTLED_MS = 2300;
const PROT_EXEC = 4n;
const FMODE_EXEC = 0x20;
/** A dentry of a socket. */
const SOCKET_NAME = /"inode_unlink": .*"mode": "0140/;

const ACTIONS = [
  ...["open a", "openw b", "create c", "unlink c", "mkdir d", "rmdir d", "create e", "rename e f"],
  ...["link f g", "symlink f h", "chmod 600 f", "truncate 1 f", "unlink f", "unlink g", "unlink h"],
  ...[
    "stat a",
    "map acts",
    "mapx acts",
    "protx acts",
    "child",
    "killchild 15",
    "reap",
    "capmodule",
  ],
  ...["listen 7301", "connect 7301", "accept", "unix s", "unlink s", "unix @name", "name me"],
  ...["thread1 open a", "sub open a", "run ./acts open+a", "sub setuid 1000;open a"],
  ...["sub chroot .;open /a", "sub exec;open b"],
];

/** Hooks of which seccomp sees only some events (docs/fidelity.md), and which. */
const PARTLY: Readonly<Record<string, (cell: Cell) => boolean>> = {
  // executable ones, and not those that the kernel makes for an exec by itself
  mmap_file: ({ prot, file }) =>
    (BigInt(String(prot)) & PROT_EXEC) !== 0n &&
    (Number((file as Cell | undefined)?.["flags"]) & FMODE_EXEC) === 0,
  // names of sockets are made by bind
  inode_mknod: ({ mode }) => !String(mode).startsWith("0140"),
  // names of threads are not among the calls of prctl that are looked at
  task_prctl: () => false,
  // only one with an address
  socket_sendmsg: ({ addr }) => addr !== undefined,
};

/** What the rules of the profile leave out of coefficients: device, superblock; the number of what was created. */
const RULED_OUT: ReadonlySet<string> = new Set(["dev", "s_id", "s_uuid", "instance"]);

type Cell = Readonly<Record<string, unknown>>;

interface Learned {
  readonly records: readonly RecordLine[];
  readonly fidelity: Fidelity;
  readonly model: string;
}

function learnedFrom(facts: string, trajectory: string, model: string): Learned {
  const { outcome } = JSON.parse(facts) as RunFacts;
  assert.equal(outcome?.counts.lost, 0);
  const lines = trajectory.trim().split("\n").map(recordOf);
  const records = lines.filter(({ hook }) => hook !== "bprm_committed_creds");
  return { records, fidelity: outcome.fidelity ?? assert.fail("no fidelity"), model };
}

async function learnHere(folder: string): Promise<Learned> {
  const env = { ...process.env, GALGO_STATE_DIR: join(folder, "state") };
  const args = ["learn", "--name", "same", "-o", "same.json", "--", "./acts", ...ACTIONS];
  await promisify(execFile)(join(ROOT, "galgo"), args, { cwd: folder, env });
  const read = (name: string) => readFileSync(join(folder, name), "utf8");
  const latest = "state/same/latest";
  return learnedFrom(
    read(`${latest}/run.json`),
    read(`${latest}/trajectory.jsonl`),
    read("same.json"),
  );
}

/** With no more capabilities than root has here, which may be in a container: they are part of who acts. */
async function learnThere(lab: Lab): Promise<Learned> {
  const [, effective = ""] =
    /^CapEff:\s*(\w+)$/m.exec(readFileSync("/proc/self/status", "latin1")) ?? [];
  const last = Number((await lab.sh("cat /proc/sys/kernel/cap_last_cap")).trim());
  const missing = Array.from({ length: last + 1 }, (_, cap) => cap)
    .filter((cap) => ((BigInt(`0x${effective}`) >> BigInt(cap)) & 1n) === 0n)
    .map((cap) => `-cap_${cap}`);
  const drop = missing.length === 0 ? "" : `setpriv --bounding-set=${missing.join()}`;
  await lab.sh(`printf a >a; printf b >b; sleep ${SETTLED_MS / 1000}`);
  const words = ACTIONS.map((action) => `'${action}'`).join(" ");
  await lab.sh(
    `${drop} /opt/galgo/galgo learn --sensor bpf --name same -o same.json -- ./acts ${words}`,
  );
  const read = (name: string) => lab.sh(`cat ${name}`);
  const latest = "state/same/latest";
  return learnedFrom(
    await read(`${latest}/run.json`),
    await read(`${latest}/trajectory.jsonl`),
    await read("same.json"),
  );
}

/** What of a record makes its behaviour, without members that one of the sensors declares absent. */
function comparable({ text }: RecordLine, absent: ReadonlySet<string>): string {
  const record = JSON.parse(text) as Record<string, Record<string, unknown>>;
  const { event, ...rest } = record;
  const { task_id: taskId, p_task_id: pTaskId } = event ?? {};
  const unknown = new Set(absent);
  // how the file behind a mapping was opened is not to be found out from outside
  if (event?.["type"] === "file_mprotect") unknown.add("*.file.flags");
  // one that bind has made has an owner only where its making is seen
  if (SOCKET_NAME.test(text)) unknown.add("*.path.owner");
  return JSON.stringify({ taskId, pTaskId, ...without(rest, [], unknown) });
}

/** `absent` as a fidelity names it: HOOK.member.member, with * for any hook. */
function without(value: Cell, path: readonly string[], absent: ReadonlySet<string>): Cell {
  const left = Object.entries(value).filter(([name]) => {
    const end = [...path, name].slice(-2).join(".");
    return !absent.has(`*.${end}`) && !RULED_OUT.has(name);
  });
  return Object.fromEntries(
    left.map(([name, inner]) =>
      typeof inner === "object" && inner !== null && !Array.isArray(inner)
        ? [name, without(inner as Cell, [...path, name], absent)]
        : [name, inner],
    ),
  );
}

/** Behaviours of `mine` that `other` lacks although it would see them. */
function unexplained(mine: Learned, other: Learned, sees: (line: RecordLine) => boolean): string[] {
  const absent = new Set([...mine.fidelity.absent, ...other.fidelity.absent]);
  const known = new Set(other.records.map((line) => comparable(line, absent)));
  return mine.records
    .filter((line) => other.fidelity.sees.includes(line.hook) && sees(line))
    .filter((line) => !known.has(comparable(line, absent)))
    .map(({ hook, text }) => `${hook}: ${text}`);
}

async function compare(guest: Guest, folder: string): Promise<void> {
  const lab = new Lab(guest, folder);
  try {
    const program = await compileProgram("acts", folder);
    await guest.sh(`mkdir -p ${folder}`);
    await guest.push(program, lab.acts);
    for (const name of ["a", "b"]) writeFileSync(join(folder, name), name);
    await setTimeout(SETTLED_MS);
    const [here, there] = [await learnHere(folder), await learnThere(lab)];
    const bySeccomp = ({ hook, cell }: RecordLine) => PARTLY[hook]?.(cell as Cell) ?? true;
    assert.deepEqual(unexplained(there, here, bySeccomp), []);
    assert.deepEqual(
      unexplained(here, there, () => true),
      [],
    );
    // the models themselves: what both sensors tell in full is the same point
    const points = (model: string): Set<string> =>
      new Set((JSON.parse(model) as { spec: { points: string[] } }).spec.points);
    const both = [...points(here.model)].filter((point) => points(there.model).has(point));
    assert.ok(both.length >= here.records.length / 2, `only ${both.length} points in both`);
  } finally {
    await lab.clean();
  }
}

export const native: readonly GuestCase[] = [
  {
    name: "a model learned under seccomp differs from one learned under BPF as declared, and no other way",
    on: { "6.12": "quick", newest: "full" },
    run: async (guest, t) => {
      const base = "/var/tmp";
      if (statfsSync(base).type !== EXT_MAGIC)
        return t.skip(`${base} is not on ext4, as in the guest`);
      if (process.getuid?.() !== 0) return t.skip("needs root");
      const folder = mkdtempSync(join(base, "galgo-same-"));
      chmodSync(folder, 0o755); // as it is made in the guest
      try {
        await compare(guest, folder);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  },
];
