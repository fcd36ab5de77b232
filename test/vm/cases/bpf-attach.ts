// SPDX-License-Identifier: Apache-2.0
// Galgo comes to what runs already: the processes of a cgroup, and a process with its descendants.
import assert from "node:assert/strict";
import type { GuestCase } from "../lib/case.ts";
import { having, inLab, type Lab, type Talk } from "../lib/lab.ts";

const EVERYWHERE = { "6.12": "quick", newest: "full" } as const;
const SIGINT = 2;

/**
 * A shell that starts programs over and over, beside one that has been open for long; each leaves a mark when Galgo must have
 * been there, as marks are only waited for afterwards.
 */
const WORKLOAD = `
./acts "loop 1000000000 long" &
while [ ! -e stop ]; do
  ./acts "open short" "sub thread1 open deep" >/dev/null
  echo >>turns
done
kill $!
`;

async function startWorkload(lab: Lab, wrap: string): Promise<Talk> {
  await lab.sh("for f in long short deep; do echo $f >$f; done; touch turns; sleep 2.3");
  const talk = lab.start(["sh", "-c", `${wrap} echo pid=$$; ${WORKLOAD} echo ended`]);
  await talk.until(/^pid=\d+$/m);
  return talk;
}

/** Waits for two more turns of the shell: one of them was begun and ended from now on. */
const TWO_TURNS = `n=$(wc -l <turns); while [ $(wc -l <turns) -lt $((n + 2)) ]; do sleep 0.1; done`;

async function checkAttached(lab: Lab, workload: Talk, target: readonly string[]): Promise<void> {
  const galgo = lab.start([
    ...["/opt/galgo/galgo", "run", "--sensor", "bpf", "--name", "a"],
    ...target,
  ]);
  await galgo.until(/attached/);
  await lab.sh(TWO_TURNS);
  galgo.command.signal(SIGINT);
  assert.equal((await galgo.command.ended).status, 0, galgo.stderr);
  await lab.assertClean("a");
  const seen = await lab.records("a");
  for (const name of ["long", "short", "deep"]) {
    assert.ok(having(seen, "file_open", `"${lab.folder}/${name}"`).length > 0, name);
  }
  // by programs of which one ran before, and one was run under Galgo's eyes: known by the same name, started by others
  const ids = (name: string) =>
    new Set(having(seen, "file_open", `"${lab.folder}/${name}"`).map(({ taskId }) => taskId));
  assert.equal(ids("long").size, 1);
  assert.ok([...ids("short")].every((id) => !/^0*$/.test(id)));
  // and they go on as if nothing had been
  await lab.sh(`${TWO_TURNS}; touch stop`);
  await workload.until(/^ended$/m);
  assert.equal((await workload.command.ended).status, 0);
  assert.equal(workload.stderr.replace(/.*Terminated.*\n?/g, ""), "");
}

export const attach: readonly GuestCase[] = [
  {
    name: "to the processes of a cgroup",
    on: { "6.12": "full", newest: "full" },
    run: (guest) =>
      inLab(guest, async (lab) => {
        const cgroup = "/sys/fs/cgroup/running";
        await guest.sh(`mkdir -p ${cgroup}`);
        const workload = await startWorkload(lab, `echo $$ >${cgroup}/cgroup.procs;`);
        await checkAttached(lab, workload, ["--cgroup", cgroup]);
        await guest.sh(`rmdir ${cgroup}`);
      }),
  },
  {
    name: "to a process and its descendants",
    on: EVERYWHERE,
    run: (guest) =>
      inLab(guest, async (lab) => {
        const workload = await startWorkload(lab, "");
        const [, pid = ""] = await workload.until(/^pid=(\d+)$/m);
        await checkAttached(lab, workload, ["--pid", pid]);
      }),
  },
];
