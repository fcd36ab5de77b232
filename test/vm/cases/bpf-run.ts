// SPDX-License-Identifier: Apache-2.0
// `--sensor bpf` from the command line to the report: learned, repeated, refused, killed, joined, and left alone when Galgo is killed.
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import type { GuestCase } from "../lib/case.ts";
import type { Guest } from "../lib/guest.ts";

const CGROUP = "/sys/fs/cgroup/bpf-run";
const FOLDER = "/tmp/bpf-run";
const GALGO = "/opt/galgo/galgo";
const VIOLATED = 121;
/** Everything in full emulation, programs that are verified included. */
const TIMEOUT_MS = 180_000;
const CASE_MS = 420_000;

type Ran = Awaited<ReturnType<Guest["run"]>>;

function galgo(guest: Guest, args: readonly string[], more = "/dev/null"): Promise<Ran> {
  const options = { cwd: FOLDER, timeoutMs: TIMEOUT_MS, env: { MORE: more } };
  return guest.run([GALGO, ...args], options);
}

/** A folder with something secret; and programs that stay loaded for all runs of the case. */
async function prepare(guest: Guest, t: TestContext): Promise<void> {
  await guest.sh("rm -rf /tmp/bpf-run && mkdir /tmp/bpf-run && echo secret >/tmp/bpf-run/secret");
  const keeper = guest.start([GALGO, "run", "--sensor", "bpf", "--name", "keeper", "--", "cat"]);
  t.after(() => keeper.drop());
  await guest.sh("until ls /sys/fs/bpf/galgo/*/ready >/dev/null 2>&1; do sleep 0.2; done", {
    timeoutMs: TIMEOUT_MS,
  });
}

const WORKLOAD = "cat /etc/hostname; kill -0 $$; cat $MORE; echo end";

/** A service in a cgroup of its own: copies the files that it is told of. */
const SERVICE = `
echo $$ >/sys/fs/cgroup/bpf-run/cgroup.procs
while read word <words; do
  [ "$word" = quit ] && exit 0
  cat "$word" >>had 2>>errors
  echo >>rounds
done`;

export const bpfRun: readonly GuestCase[] = [
  {
    name: "learns a command, lets it repeat that, refuses what is new, or kills it",
    on: { "6.12": "quick", newest: "full" },
    timeoutMs: CASE_MS,
    run: async (guest, t) => {
      await prepare(guest, t);
      const command = ["--", "sh", "-c", WORKLOAD];
      const learn = ["learn", "--sensor", "bpf", "-o", "m.json"];
      const learned = await galgo(guest, [...learn, ...command]);
      assert.deepEqual([learned.status, learned.stdout.endsWith("end\n")], [0, true]);
      assert.match(learned.stderr, /behaviours in .* \(none lost\), sealed in m\.json/);

      const enforce = ["run", "--sensor", "bpf", "-m", "m.json", "--enforce"];
      const again = await galgo(guest, [...enforce, ...command]);
      assert.deepEqual([again.status, again.stderr], [0, ""]);
      assert.match(await guest.sh(`${GALGO} show sh run`), /violations +0, and 0 calls/);
      assert.match(await guest.sh(`${GALGO} model show /tmp/bpf-run/m.json`), /bpf/);

      const refused = await galgo(guest, [...enforce, ...command], "secret");
      assert.equal(refused.status, VIOLATED);
      assert.doesNotMatch(refused.stdout, /secret/);
      assert.match(refused.stderr, /violation 1: .*cat opens \/tmp\/bpf-run\/secret.*denied/);

      const killed = await galgo(
        guest,
        [...enforce, "--on-violation", "kill", ...command],
        "secret",
      );
      assert.equal(killed.status, VIOLATED);
      assert.doesNotMatch(killed.stdout, /end|secret/);
      assert.match(killed.stderr, /the workload was killed: the model was violated/);
    },
  },
  {
    name: "joins a service, enforces what it learned there, and leaves it running",
    on: { "6.12": "quick", newest: "full" },
    timeoutMs: CASE_MS,
    run: async (guest, t) => {
      await prepare(guest, t);
      const service = await startService(guest, t);
      const learner = await join(guest, ["learn", "-o", "s.json"]);
      await rounds(guest, ["/etc/hostname", "/etc/hostname"]);
      learner.process.signal(SIGTERM);
      assert.equal((await learner.process.ended).status, 0, learner.said());
      await rounds(guest, ["secret"]);
      assert.match(await had(guest), /secret/);

      const guard = await join(guest, ["run", "-m", "s.json", "--enforce"]);
      await rounds(guest, ["/etc/hostname", "secret"]);
      assert.equal((await had(guest)).match(/secret/g)?.length, 1);
      // Galgo dies: what is known goes on, what is not known stays refused
      guard.process.signal(SIGKILL);
      await guard.process.ended;
      const before = (await had(guest)).length;
      await rounds(guest, ["secret", "/etc/hostname"]);
      assert.equal((await had(guest)).match(/secret/g)?.length, 1);
      assert.ok((await had(guest)).length > before, await guest.sh(`cat ${FOLDER}/errors`));
      await cleanedUp(guest);
      await guest.sh(`echo quit >${FOLDER}/words`);
      assert.equal((await service.ended).status, 0);
    },
  },
];

const SIGKILL = 9;
const SIGTERM = 15;

async function startService(guest: Guest, t: TestContext): Promise<ReturnType<Guest["start"]>> {
  await guest.sh(`mkdir -p ${CGROUP} && cd ${FOLDER} && mkfifo words && touch had errors rounds`);
  const service = guest.start(["sh", "-c", SERVICE], { cwd: FOLDER });
  t.after(() => service.drop());
  await guest.sh(`until [ -n "$(cat ${CGROUP}/cgroup.procs)" ]; do sleep 0.1; done`);
  return service;
}

/** Has the service copy files, one after the other. */
async function rounds(guest: Guest, files: readonly string[]): Promise<void> {
  for (const file of files) {
    const done = "wc -l <rounds";
    await guest.sh(
      `cd ${FOLDER}; n=$(${done}); echo ${file} >words; until [ $(${done}) -gt $n ]; do sleep 0.1; done`,
    );
  }
}

/** What it has copied. */
function had(guest: Guest): Promise<string> {
  return guest.sh(`cat ${FOLDER}/had`);
}

/** Joins the service, and waits until it is said that it was. */
async function join(
  guest: Guest,
  args: readonly string[],
): Promise<{ readonly process: ReturnType<Guest["start"]>; said(): string }> {
  let text = "";
  const process = guest.start([GALGO, ...args, "--sensor", "bpf", "--cgroup", CGROUP], {
    cwd: FOLDER,
    onStderr: (data) => {
      text += Buffer.from(data).toString();
    },
  });
  const deadline = Date.now() + TIMEOUT_MS;
  while (!text.includes("attached to")) {
    if (Date.now() > deadline) throw new Error(`not attached: ${text}`);
    await guest.sh("sleep 0.2");
  }
  return { process, said: () => text };
}

/** The namespace of the dead Galgo stays for its tasks, until they are set free. */
async function cleanedUp(guest: Guest): Promise<void> {
  const kept = await galgo(guest, ["doctor", "--cleanup"]);
  assert.equal(kept.status, 1);
  assert.match(kept.stdout, /of it still run, and are decided on/);
  const freed = await galgo(guest, ["doctor", "--cleanup", "--set-free"]);
  assert.equal(freed.status, 0);
  assert.match(freed.stdout, /set free/);
  await rounds(guest, ["secret"]);
  assert.equal((await had(guest)).match(/secret/g)?.length, 2);
}
