// SPDX-License-Identifier: Apache-2.0
// A sealed, enforcing namespace under the BPF sensor: what is refused, by whom, and who is not concerned.
import assert from "node:assert/strict";
import type { GuestCase } from "../lib/case.ts";
import { EPERM, having, inLab, type Lab, resultsOf, type Talk } from "../lib/lab.ts";

const EINVAL = -22;
const ENOENT = -2;
const EACCES = -13;
const SIGSTOP = 19;
const SIGCONT = 18;
const VIOLATED = 121;
const EVERYWHERE = { "6.12": "quick", newest: "full" } as const;
/** acts says so when a file could not be opened to map it. */
const NOT_OPENED = -1000;

/** Files that exist since long before they are learned. */
async function files(lab: Lab, ...names: readonly string[]): Promise<void> {
  await lab.sh(`for n in ${names.join(" ")}; do echo "content of $n" >$n; done; sleep 2.3`);
}

/** Action by action, what a program that waits for lines says. Of "sub A;B" it is the result of B. */
async function tell(talk: Talk, actions: Readonly<Record<string, number>>): Promise<void> {
  for (const [action, wanted] of Object.entries(actions)) {
    const inner =
      action
        .replace(/^(?:sub|thread1) /, "")
        .split(";")
        .at(-1) ?? action;
    talk.stdout = "";
    talk.say(action);
    await talk.until(
      action.startsWith("sub ") ? /^sub=\d+$/m : new RegExp(`^${inner}=-?\\d+$`, "m"),
    );
    const result = resultsOf(talk).get(inner);
    assert.equal(result, wanted, `${action}: ${talk.stdout}\n${talk.stderr}`);
  }
}

async function stopGalgo(lab: Lab, name: string, signal: number): Promise<void> {
  const { galgoPid } = await lab.facts(name);
  await lab.sh(`kill -${signal} ${galgoPid}`);
  const state = signal === SIGSTOP ? "T" : "S";
  // all its threads, the one that decides among them
  await lab.sh(`for t in /proc/${galgoPid}/task/*; do
    while ! grep -q '^State:.${state === "T" ? "T" : "[^T]"}' $t/status; do sleep 0.02; done; done`);
}

export const enforce: readonly GuestCase[] = [
  {
    name: "atomic hooks decide at once, with all of Galgo stopped",
    on: { "6.12": "core", newest: "quick" },
    run: (guest) =>
      inLab(guest, async (lab) => {
        await files(lab, "known");
        const learned = ["child", "killchild 15", "reap", "capmodule", "sub child;killchild 10"];
        await lab.learn("m", [lab.acts, ...learned, "open known", "sub open known", "-"]);
        const talk = lab.talk("m", [lab.acts, "open known", "-"], "--enforce");
        await talk.until(/^open known=0$/m);
        talk.stdout = "";
        await stopGalgo(lab, "m", SIGSTOP);
        await tell(talk, {
          // known, and seen for the first time in this run
          child: 0,
          "killchild 15": 0,
          reap: 15,
          capmodule: ENOENT,
          "sub child;killchild 10": 0,
          "open known": 0,
          // unknown: another signal, another capability
          "sub child;killchild 12": EPERM,
          "sub capboot": EPERM,
          // setpriority says so in its own way
          "sub capnice": EACCES,
        });
        await stopGalgo(lab, "m", SIGCONT);
        // who was refused something was a child; this process is trusted as before
        await tell(talk, { "open known": 0 });
        talk.end();
        assert.equal((await talk.command.ended).status, VIOLATED, talk.stderr);
        const outside = await lab.records("m", "forensics");
        assert.equal(having(outside, "task_kill").length, 1, JSON.stringify(outside));
        assert.ok(having(outside, "capable").length >= 2, JSON.stringify(outside));
        assert.equal((await lab.facts("m")).outcome?.counts.lost, 0);
      }),
  },
  {
    name: "io_uring is seen and refused like system calls",
    on: EVERYWHERE,
    run: (guest) =>
      inLab(guest, async (lab) => {
        await files(lab, "inline", "async", "other");
        const actions = ["sub uopen inline", "sub uopena async", "sub uopen inline"];
        const ports = ["sub uconnect 7101", "sub uconnecta 7102"];
        const command = [lab.acts, "listen 7101", "listen 7102", ...actions, ...ports, "-"];
        const learned = resultsOf(await lab.learn("m", command));
        for (const action of [...actions, ...ports])
          assert.equal(learned.get(action.slice("sub ".length)), 0, action);
        const seen = await lab.records("m");
        for (const name of ["inline", "async"])
          assert.equal(having(seen, "file_open", `${lab.folder}/${name}"`).length, 1, name);
        for (const port of [7101, 7102]) {
          const swapped = ((port & 255) << 8) | (port >> 8);
          assert.equal(having(seen, "socket_connect", `"port": "${swapped}"`).length, 1, `${port}`);
        }
        const talk = lab.talk("m", command, "--enforce");
        await talk.until(/^uconnecta 7102=0\nsub=0$/m);
        await tell(talk, {
          "sub uopen other": EPERM,
          "sub uopena other": EPERM,
          "sub uconnect 7103": EPERM,
          "sub uconnecta 7103": EPERM,
          "sub uopen inline": 0,
          "sub uopena async": 0,
          "sub uconnect 7101": 0,
          "sub uconnecta 7102": 0,
        });
        talk.end();
        assert.equal((await talk.command.ended).status, VIOLATED);
      }),
  },
  {
    name: "a file that was overwritten after it was learned is not run and not mapped",
    on: EVERYWHERE,
    run: (guest) =>
      inLab(guest, async (lab) => {
        await lab.sh("cp acts program; cp acts library; cp acts other; sleep 2.3");
        const command = [lab.acts, "-"];
        const learned = lab.start(learnOf(command));
        const known = { "sub run ./program pid": 0, "sub mapx library": 0, "sub mapx other": 0 };
        await tell(learned, known);
        learned.say("sub maplater other");
        await learned.until(/^opened=0$/m);
        learned.say("");
        await learned.until(/^maplater other=0$/m);
        learned.end();
        assert.equal((await learned.command.ended).status, 0, learned.stderr);
        const talk = lab.talk("m", command, "--enforce");
        await tell(talk, known);
        // the same length, and the times that it had
        for (const name of ["program", "library"]) {
          await lab.sh(
            `cp -p ${name} kept; printf X | dd of=${name} bs=1 seek=40000 conv=notrunc; touch -r kept ${name}`,
          );
        }
        await tell(talk, {
          "sub run ./program pid": EPERM,
          "sub mapx library": NOT_OPENED + EPERM,
        });
        // opened before, mapped after
        talk.say("sub maplater other");
        await talk.until(/^opened=0$/m);
        await lab.sh("printf X | dd of=other bs=1 seek=40000 conv=notrunc");
        talk.stdout = "";
        talk.say("");
        await talk.until(/^maplater other=-1$/m);
        talk.end();
        assert.equal((await talk.command.ended).status, VIOLATED);
        const outside = await lab.records("m", "forensics");
        assert.ok(having(outside, "mmap_file", `${lab.folder}/other"`).length > 0);
      }),
  },
  {
    name: "who was refused something stays untrusted: its threads, children and programs too, nobody else",
    on: EVERYWHERE,
    run: (guest) =>
      inLab(guest, async (lab) => {
        await files(lab, "good", "bad");
        const ways = ["", ";thread1 open good", ";fork;open good", ";exec;open good"];
        const learned = ways.map((way) => `sub open good${way};open good`);
        await lab.learn("m", [lab.acts, ...learned, "thread1 open good", "open good"]);
        const talk = lab.talk("m", [lab.acts, "-"], "--enforce");
        for (const way of ways) {
          talk.stdout = "";
          talk.say(`sub open bad${way};open good`);
          await talk.until(/^sub=\d+$/m);
          const results = [...talk.stdout.matchAll(/^(?:open \w+|exec)=(-?\d+)$/gm)];
          assert.ok(results.length >= 2, talk.stdout);
          for (const [line, result] of results) assert.equal(Number(result), EPERM, line);
        }
        // a thread was refused, so is its process
        talk.stdout = "";
        talk.say("sub thread1 open bad;open good");
        await talk.until(/^sub=\d+$/m);
        assert.match(talk.stdout, /^open bad=-1\nopen good=-1$/m);
        talk.stdout = "";
        await tell(talk, { "open good": 0, "thread1 open good": 0 });
        talk.end();
        assert.equal((await talk.command.ended).status, VIOLATED);
      }),
  },
  {
    name: "two namespaces at once have their own models, and nobody else has any",
    on: { "6.12": "full", newest: "full" },
    run: (guest) =>
      inLab(guest, async (lab) => {
        await files(lab, "a", "b", "c");
        await lab.learn("a", [lab.acts, "sub open a", "open a", "-"]);
        await lab.learn("b", [lab.acts, "sub open b", "open b", "-"]);
        const [a, b] = [
          lab.talk("a", [lab.acts, "-"], "--enforce"),
          lab.talk("b", [lab.acts, "-"], "--enforce"),
        ];
        await tell(a, { "open a": 0, "sub open b": EPERM, "sub open a": 0 });
        await tell(b, { "open b": 0, "sub open a": EPERM, "sub open b": 0 });
        // nobody's model, and the same program: it may do what it likes
        const outside = await guest.run(
          [lab.acts, "open a", "open b", "open c", "capboot", "child", "killchild 12", "reap"],
          { cwd: lab.folder },
        );
        const expected = { "open a": 0, "open b": 0, "open c": 0, capboot: EINVAL };
        assert.deepEqual(Object.fromEntries(resultsOf(outside)), {
          ...expected,
          child: 0,
          "killchild 12": 0,
          reap: 12,
        });
        await tell(a, { "open b": EPERM });
        await tell(b, { "open b": 0 });
        a.end();
        b.end();
        assert.equal((await a.command.ended).status, VIOLATED);
        assert.equal((await b.command.ended).status, VIOLATED);
        assert.equal((await lab.facts("b")).outcome?.counts.violations, 1);
      }),
  },
  {
    name: "nobody in a namespace reaches Galgo, or another namespace",
    on: EVERYWHERE,
    run: (guest) =>
      inLab(guest, async (lab) => {
        const other = lab.start([...runFree("other"), lab.acts, "pid", "-"]);
        const [, pid] = await other.until(/^pid=(\d+)$/m);
        const { galgoPid } = await lab.facts("other");
        const free = lab.start([...runFree("me"), lab.acts, "pid", "-"]);
        await free.until(/^pid=\d+$/m);
        const mine = (await lab.facts("me")).galgoPid;
        free.stdout = "";
        for (const target of [pid, galgoPid, mine]) {
          await tell(free, {
            [`sub kill 15 ${target}`]: EPERM,
            [`sub ptrace ${target}`]: EPERM,
            [`sub readmem ${target}`]: EPERM,
          });
        }
        for (const talk of [free, other]) {
          talk.end();
          assert.equal((await talk.command.ended).status, 0, talk.stderr);
        }
      }),
  },
];

function learnOf(command: readonly string[]): string[] {
  return [
    "/opt/galgo/galgo",
    "learn",
    "--sensor",
    "bpf",
    "--name",
    "m",
    "-o",
    "m.json",
    "--",
    ...command,
  ];
}

function runFree(name: string): string[] {
  return ["/opt/galgo/galgo", "run", "--sensor", "bpf", "--name", name, "--"];
}
