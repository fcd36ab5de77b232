// SPDX-License-Identifier: Apache-2.0
// Galgo is killed, the kernel goes on with the namespace, and another Galgo goes on with the run.
import assert from "node:assert/strict";
import type { GuestCase } from "../lib/case.ts";
import { EPERM, having, inLab, type Lab, type Talk } from "../lib/lab.ts";

const GALGO = "/opt/galgo/galgo";
const SIGINT = 2;
const SIGTERM = 15;
/** Loading the programs, on a machine that has other work. */
const CASE_MS = 300_000;
const ENOENT = -2;
const EINVAL = -22;
const EXIT_VIOLATED = 121;
const BASE = "5c".repeat(32);
const NONCE = "ab".repeat(16);

/** Of evidence. */
interface Claims {
  readonly counts: Readonly<Record<"events" | "lost" | "points", number>>;
  readonly base: string;
  readonly state: string;
}

async function kill9(lab: Lab, name: string): Promise<void> {
  const { galgoPid } = await lab.facts(name);
  await lab.sh(`kill -9 ${galgoPid}; while kill -0 ${galgoPid} 2>/dev/null; do sleep 0.05; done`);
}

/** Actions and results of a program that runs already. */
async function does(
  talk: Talk,
  actions: Readonly<Record<string, number>>,
  times = 1,
): Promise<void> {
  for (let time = 0; time < times; time++) {
    for (const [action, wanted] of Object.entries(actions)) {
      talk.stdout = "";
      talk.say(action);
      const [, result] = await talk.until(
        new RegExp(`^${action.replace(/^sub /, "")}=(-?\\d+)$`, "m"),
      );
      assert.equal(Number(result), wanted, action);
    }
  }
}

async function attachedTo(lab: Lab, argv: readonly string[], options: readonly string[]) {
  const program = lab.start(argv);
  const [, pid = ""] = await program.until(/^pid=(\d+)$/m);
  const galgo = lab.start([GALGO, ...options, "--sensor", "bpf", "--pid", pid]);
  await galgo.until(/attached/);
  return { program, galgo, pid };
}

/** What the run says of itself while it goes on. */
async function evidence(lab: Lab): Promise<Claims> {
  const { status, stderr } = await lab.galgo(["attest", "m", "--nonce", NONCE, "-o", "e.jwt"]);
  assert.equal(status, 0, stderr);
  const [, payload = ""] = (await lab.sh("cat e.jwt")).split(".");
  return JSON.parse(Buffer.from(payload, "base64url").toString("utf8")).galgo as Claims;
}

async function adopted(lab: Lab, name: string, ...options: string[]): Promise<Talk> {
  const talk = lab.start([GALGO, "adopt", ...options, name]);
  await talk.until(/served again/);
  return talk;
}

async function files(lab: Lab): Promise<void> {
  await lab.sh("for f in known other late third; do echo $f >$f; done; sleep 2.3");
}

/** Ends the program, and with it the run; nothing is left then. */
async function endOf(lab: Lab, program: Talk, galgo: Talk): Promise<number> {
  program.end();
  await program.command.ended;
  const { status } = await galgo.command.ended;
  assert.equal(await lab.sh("ls -d state/*/2*/adoption 2>/dev/null; true"), "", galgo.stderr);
  return status ?? -1;
}

const KNOWN = { "open known": 0, capmodule: ENOENT } as const;

async function enforced(lab: Lab): Promise<void> {
  await files(lab);
  const learner = await attachedTo(
    lab,
    [lab.acts, "pid", "-"],
    [...["learn", "--name", "m", "-o", "m.json"]],
  );
  await does(learner.program, KNOWN);
  learner.galgo.command.signal(SIGINT);
  assert.equal((await learner.galgo.command.ended).status, 0, learner.galgo.stderr);
  learner.program.end();
  const { program } = await attachedTo(
    lab,
    [lab.acts, "pid", "-"],
    [...["run", "--name", "m", "-m", "m.json", "--enforce"]],
  );
  await does(program, KNOWN, 2);
  await kill9(lab, "m");
  await does(program, { ...KNOWN, "sub open other": EPERM, "sub capboot": EPERM });
  const doctor = await lab.galgo(["doctor", "--json"]);
  assert.match(doctor.stdout, /galgo adopt/);
  const galgo = await adopted(lab, "m");
  assert.match(galgo.stderr, /nobody could be asked about were refused/);
  // killed once more before anything else happens: nothing is freed by that, and a third one goes on
  await kill9(lab, "m");
  await does(program, { ...KNOWN, "sub open other": EPERM });
  const third = await adopted(lab, "m");
  await does(program, { ...KNOWN, "sub open late": EPERM });
  assert.equal(await endOf(lab, program, third), EXIT_VIOLATED, third.stderr);
  const record = JSON.parse(await lab.sh("cat state/m/latest/run.json"));
  assert.equal(record.status, "finished");
  assert.equal(record.adopted.length, 2);
  const runs = await lab.sh("ls -d state/m/2* | wc -l");
  assert.equal(runs.trim(), "2", "the run that learned, and one that was adopted twice");
  const refused = await lab.records("m", "forensics");
  for (const name of ["other", "late"])
    assert.ok(having(refused, "file_open", `"${lab.folder}/${name}"`).length > 0, name);
  assert.ok(having(refused, "capable").length > 0);
}

async function free(lab: Lab): Promise<void> {
  await files(lab);
  await lab.sh(`${GALGO} key new -o key.pem`);
  const attested = ["--attest-key", "key.pem"];
  const { program } = await attachedTo(
    lab,
    [lab.acts, "pid", "-"],
    ["run", "--name", "m", "--base", BASE, ...attested],
  );
  await does(program, { "open known": 0 }, 7);
  const first = await evidence(lab);
  assert.deepEqual([first.base, first.counts.lost], [BASE, 0]);
  // most of them were recognised by the programs alone
  assert.ok(first.counts.events >= 7, JSON.stringify(first.counts));
  const before = await lab.sh("readlink state/m/latest");
  await kill9(lab, "m");
  await does(program, { "open known": 0 }, 5);
  await does(program, { "open other": 0, capboot: EINVAL });
  const galgo = await adopted(lab, "m", ...attested);
  assert.match(galgo.stderr, /nobody could be asked about were allowed/);
  const second = await evidence(lab);
  assert.equal(second.base, BASE);
  assert.ok(second.counts.lost > 0, "what was decided without an answer is not hidden");
  assert.ok(second.counts.events >= first.counts.events + 5, JSON.stringify(second.counts));
  assert.notEqual(second.state, first.state);
  await does(program, { "open known": 0 }, 9);
  await does(program, { "open late": 0 });
  assert.equal(await endOf(lab, program, galgo), 0, galgo.stderr);
  assert.equal(await lab.sh("readlink state/m/latest"), before);
  const seen = await lab.records("m");
  for (const name of ["known", "other", "late"])
    assert.equal(having(seen, "file_open", `"${lab.folder}/${name}"`).length, 1, name);
  assert.ok(having(seen, "capable").length > 0);
  const counts = (await lab.points("m")).map(({ count }) => count);
  assert.ok(counts.includes(7 + 5 + 9), counts.join(" "));
  const { outcome } = await lab.facts("m");
  assert.equal(
    counts.reduce((sum, count) => sum + count, 0),
    outcome?.counts.events,
  );
  assert.deepEqual(
    outcome?.losses.map(({ reason }) => reason),
    ["unanswered"],
  );
}

async function otherProgram(lab: Lab): Promise<void> {
  await files(lab);
  const { program } = await attachedTo(
    lab,
    ["sh", "-c", "echo pid=$$; exec sh"],
    ["run", "--name", "m"],
  );
  program.say("cat known");
  await program.until(/^known$/m);
  await kill9(lab, "m");
  program.say(`exec ${lab.acts} pid -`);
  program.stdout = "";
  await program.until(/^pid=\d+$/m);
  const galgo = await adopted(lab, "m");
  assert.match(galgo.stderr, /1 processes executed a program/);
  await does(program, { "open late": 0 });
  assert.equal(await endOf(lab, program, galgo), 0, galgo.stderr);
  const seen = await lab.records("m");
  const [late] = having(seen, "file_open", `"${lab.folder}/late"`);
  const programs = having(seen, "bprm_committed_creds", `"${lab.acts}"`);
  assert.ok(programs.some(({ taskId }) => taskId === late?.taskId));
}

/** A daemon that is killed, and the next one. */
async function daemons(lab: Lab): Promise<void> {
  await files(lab);
  const folder = `${lab.folder}/run`;
  const galgo = ["env", `GALGO_RUN_DIR=${folder}`, GALGO];
  const start = async (): Promise<Talk> => {
    const talk = lab.start([...galgo, "daemon"]);
    await talk.until(/ready: /);
    return talk;
  };
  const learner = await attachedTo(
    lab,
    [lab.acts, "pid", "-"],
    ["learn", "--name", "m", "-o", "m.json"],
  );
  await does(learner.program, KNOWN);
  learner.galgo.command.signal(SIGINT);
  assert.equal((await learner.galgo.command.ended).status, 0, learner.galgo.stderr);
  learner.program.end();
  const first = await start();
  const program = lab.start([lab.acts, "pid", "-"]);
  const [, pid = ""] = await program.until(/^pid=(\d+)$/m);
  await lab.sh(`${galgo.join(" ")} attach --pid ${pid} -m m.json --enforce --name d`);
  await does(program, { ...KNOWN, "sub open late": EPERM });
  await kill9(lab, "d");
  await first.command.ended;
  await does(program, { ...KNOWN, "sub open other": EPERM });
  const second = await start();
  assert.match(second.stderr, /the kernel has kept its namespace with 1 task, and the run goes on/);
  await does(program, KNOWN);
  assert.match(await lab.sh(`${galgo.join(" ")} ps`), /^d +enforce +bpf/m);
  // nobody gives orders about itself, and nobody takes it away from its model
  const again = await lab.sh(`${galgo.join(" ")} attach --pid ${pid} --name e 2>&1; true`);
  assert.match(again, /is modeled already/);
  second.command.signal(SIGTERM);
  assert.equal((await second.command.ended).status, 0, second.stderr);
  assert.match(second.stderr, /go on in the hands of the kernel/);
  await does(program, { ...KNOWN, "sub open third": EPERM });
  const left = JSON.parse(await lab.sh("cat state/d/latest/run.json"));
  assert.equal(left.status, "running");
  assert.match(left.left.why, /the daemon was stopped \(SIGTERM\)/);
  const third = await start();
  assert.match(third.stderr, /the daemon was stopped .* and the run goes on/);
  await does(program, KNOWN);
  program.end();
  await lab.sh(
    'until grep -q \'"status": "finished"\' state/d/latest/run.json; do sleep 0.2; done',
  );
  const refused = await lab.records("d", "forensics");
  for (const name of ["other", "late", "third"])
    assert.equal(having(refused, "file_open", `"${lab.folder}/${name}"`).length, 1, name);
  third.command.signal(SIGTERM);
  assert.equal((await third.command.ended).status, 0, third.stderr);
}

const cases = { enforced, free, otherProgram, daemons };

const NAMES: Readonly<Record<keyof typeof cases, string>> = {
  enforced:
    "an enforced run goes on after its Galgo was killed, twice: nothing is freed in between",
  free: "a free run goes on after its Galgo was killed: what happened in between is learned and counted",
  daemons: "a daemon goes on with what one before it had attached to, killed or stopped",
  otherProgram:
    "a program that was executed while Galgo was gone is known by its own name afterwards",
};

export const adopt: readonly GuestCase[] = (
  ["enforced", "free", "otherProgram", "daemons"] as const
).map((name) => ({
  name: NAMES[name],
  on: { "6.12": "quick", newest: "full" },
  timeoutMs: CASE_MS,
  run: (guest) => inLab(guest, cases[name]),
}));
