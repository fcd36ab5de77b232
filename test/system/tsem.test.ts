// SPDX-License-Identifier: Apache-2.0
// Runs under the sensor of a TSEM kernel, through the command line, with the simulator in the kernel's place: a workload tells
// it what a kernel would have seen, and really waits for the answer.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { before, describe, it } from "node:test";
import { buildLaunchers } from "../helpers/built.ts";
import { bench, ENFORCE, LEARN, open } from "../simulator/bench.ts";
import { simulatorSkip } from "../simulator/simulator.ts";

const skip = simulatorSkip();

before(() => {
  buildLaunchers();
});

for (const personality of ["k25", "k24"]) {
  describe(`a kernel of ${personality === "k25" ? 2025 : 2024}`, { skip }, () => {
    it("is asked, its model learned, and the same run is inside it", async (t) => {
      const { run, simulator, record } = await bench(t, { personality });
      const script = `${open("/etc/hosts")} && ${open("/etc/passwd")} && echo "async capable 21" > HOOK`;
      const learned = await run(LEARN, script);
      assert.equal(learned.status, 0, learned.stderr);
      assert.match(learned.stderr, /3 behaviours in 3 events \(none lost\)/);
      const again = await run(ENFORCE, script);
      assert.equal(again.status, 0, again.stderr);
      assert.equal(again.stderr, "");
      const { sensor, outcome, modelState } = await record();
      assert.equal(sensor, "tsem");
      assert.equal(outcome?.state, modelState);
      const way = personality === "k25" ? "tsem-tnum" : "tsem-key";
      assert.ok(outcome?.fidelity?.features.includes(way));
      assert.ok(outcome?.fidelity?.features.includes("tsem-external"));
      const { commands, rootTouched, namespaces } = await simulator.state();
      assert.equal(rootTouched, false, "only the new namespace is told to enforce");
      assert.deepEqual(
        namespaces.map(({ enforcing }) => enforcing),
        [false, true],
      );
      const shape =
        personality === "k25"
          ? /^external nsref=current\n(trusted pid=\d+ tnum=\d+\n){2}external nsref=current\nenforce\n(trusted pid=\d+ tnum=\d+\n){2}$/
          : /^external nsref=current\nexternal nsref=current key=([0-9a-f]{64})\n(trusted pid=\d+ key=\1\n){2}external nsref=current\nexternal nsref=current key=([0-9a-f]{64})\nenforce\n(trusted pid=\d+ key=\3\n){2}$/;
      assert.match(commands.join(""), shape);
    });

    it("is told who is untrusted, and refuses the rest", async (t) => {
      const { run, simulator, record, file } = await bench(t, { personality });
      await run(LEARN, open("/etc/hosts"));
      const script = `${open("/etc/hosts")}; ${open("/etc/shadow")}; ${open("/etc/hosts")} || echo refused`;
      const { status, stdout, stderr } = await run(ENFORCE, script);
      assert.equal(status, 121, stderr);
      assert.equal(stdout, "refused\n");
      assert.match(stderr, /opens \/etc\/shadow for reading; denied/);
      const { outcome } = await record();
      assert.equal(outcome?.counts.violations, 1);
      assert.equal(outcome?.counts.refused, 1);
      assert.equal(outcome?.counts.lost, 0);
      assert.match(file("forensics.jsonl"), /"pathname": "\/etc\/shadow"/);
      const { commands } = await simulator.state();
      assert.equal(commands.filter((line) => line.startsWith("untrusted ")).length, 1);
    });

    it("serves two namespaces at once", async (t) => {
      const place = await bench(t, { personality });
      const script = `i=0; while [ $i -lt 20 ]; do echo "file_open /tmp/$i" > HOOK || exit 9; i=$((i+1)); done`;
      const both = await Promise.all([
        place.run(["run", "--name", "one"], script),
        place.run(["run", "--name", "two"], script),
      ]);
      for (const { status, stderr } of both) {
        assert.equal(status, 0, stderr);
        assert.match(stderr, /20 behaviours in 20 events/);
      }
    });
  });
}

describe("a violation in atomic context", { skip }, () => {
  it("ends the whole workload, and what comes later is answered still", async (t) => {
    const { run, simulator, record } = await bench(t);
    await run(LEARN, open("/etc/hosts"));
    const script = `(sleep 1000 & echo $!); echo "async capable 21" > HOOK; sleep 1000`;
    const { status, stdout, stderr } = await run(ENFORCE, script);
    assert.equal(status, 121, stderr);
    assert.match(stderr, /the workload was killed: .*atomic context/);
    assert.equal(existsSync(`/proc/${stdout.trim()}`), false, "a background process is gone too");
    const { outcome } = await record();
    assert.deepEqual(outcome?.exit, { signal: "SIGKILL" });
    const { commands } = await simulator.state();
    assert.match(commands.at(-1) ?? "", /^untrusted pid=/);
    assert.equal(commands.filter((line) => line.startsWith("untrusted ")).length, 1);
  });

  it("is only recorded when nothing is enforced", async (t) => {
    const { run, record } = await bench(t);
    await run(LEARN, open("/etc/hosts"));
    const script = `echo "async capable 21" > HOOK; ${open("/etc/hosts")}; echo on`;
    const { status, stdout, stderr } = await run(["run", "-m", "m.json", "--detect"], script);
    assert.equal(status, 0, stderr);
    assert.equal(stdout, "on\n");
    assert.equal((await record()).outcome?.counts.violations, 1);
  });
});

describe("Galgo killed with SIGKILL", { skip }, () => {
  for (const launcher of ["native", "node"]) {
    it(`takes the workload with it (${launcher} launcher)`, async (t) => {
      const { started, simulator } = await bench(t);
      const env = launcher === "node" ? { GALGO_NO_NATIVE: "1" } : {};
      const script = `setsid sh -c 'echo "file_open /daemon" > HOOK; echo $$; exec sleep 1000' & sleep 1000 & echo $!; echo ready; wait`;
      const galgo = started(["run"], script, env);
      await galgo.says(/ready/);
      await galgo.says(/\d+\n(.*\n)*\d+/);
      galgo.process.kill("SIGKILL");
      const { stdout } = await galgo.ended;
      const pids = stdout.split("\n").filter((line) => /^\d+$/.test(line));
      assert.equal(pids.length, 2);
      // their ends of the pipe are closed: `ended` waits for that, so none of them lives
      for (const pid of pids) assert.equal(isAlive(Number(pid)), false, `process ${pid} lives`);
      assert.deepEqual((await simulator.until(({ waiting }) => waiting.length === 0)).waiting, []);
    });
  }
});

/** Runs, and is not merely waiting to be buried. */
function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return false;
  }
}

describe("a record that can not be judged", { skip }, () => {
  const NAMELESS = `${open("/dev/net/tun")}; echo "nopid tun_dev_open" > HOOK; echo on; ${open("/etc/hosts")}`;
  const UNKNOWN = `echo 'raw {"export": {"type": "event"}, "event": {"pid": "PID", "tnum": "TNUM", "type": "no_such_hook"}}' > HOOK; echo on`;
  const GARBAGE = `${open("/etc/hosts")}; echo 'raw garbage' > HOOK; echo on`;

  for (const [what, script, events] of [
    ["names no task", NAMELESS, 3],
    ["is of an unknown hook", UNKNOWN, 1],
    ["is no record at all", GARBAGE, 2],
  ] as const) {
    it(`that ${what}: a loss, and the task goes on, where nothing is refused`, async (t) => {
      const { run, record, file } = await bench(t);
      const { status, stdout, stderr } = await run(["run"], script);
      assert.equal(status, 0, stderr);
      assert.equal(stdout, "on\n");
      const { outcome } = await record();
      assert.equal(outcome?.counts.events, events);
      assert.equal(outcome?.counts.lost, 1);
      const kept = JSON.parse(file("unreadable.jsonl")) as { text: string; lines: number };
      assert.ok(kept.text.startsWith(what === "is no record at all" ? "garbage" : '{"export": '));
    });

    it(`that ${what}: ends an enforced workload`, async (t) => {
      const { run, record } = await bench(t);
      await run(LEARN, `${open("/dev/net/tun")}; ${open("/etc/hosts")}`);
      const { stdout, stderr } = await run(ENFORCE, script);
      assert.equal(stdout, "", "nothing went on");
      assert.match(stderr, /can not be judged/);
      assert.deepEqual((await record()).outcome?.exit, { signal: "SIGKILL" });
    });
  }

  it("no model is learned from a run with a loss", async (t) => {
    const { run, place } = await bench(t);
    const { status, stderr } = await run(LEARN, NAMELESS);
    assert.equal(status, 125);
    assert.match(stderr, /no model was written/);
    assert.equal(existsSync(place.path("m.json")), false);
  });

  it("whose answer the kernel refuses ends the workload instead of leaving it to wait", async (t) => {
    const { run, file } = await bench(t);
    await run(["run"], open("/etc/hosts"));
    const record = /"event".*/.exec(file("trajectory.jsonl"))?.[0] ?? "";
    const wrong = `{"export": {"type": "event"}, ${record.replace(/"pid": "\d+"/, '"pid": "PID", "tnum": "1"')}`;
    const { stderr } = await run(["run"], `echo 'raw ${wrong}' > HOOK; echo on`);
    assert.match(stderr, /the kernel refuses the answer to task \d+: EINVAL/);
  });
});

describe("records longer than a page", { skip }, () => {
  const long = `/${"d".repeat(200)}`.repeat(30);

  it("are read whole where the kernel gives them", async (t) => {
    const { run, record, file } = await bench(t, { pageBytes: 65_536 });
    const { status, stderr } = await run(["run"], open(long));
    assert.equal(status, 0, stderr);
    assert.equal((await record()).outcome?.counts.lost, 0);
    assert.ok(file("trajectory.jsonl").includes(long));
  });

  it("are put together where it goes on with them in the next read", async (t) => {
    const { run, record, file } = await bench(t, { pageBytes: 1000, onward: "rest" });
    const { status, stderr } = await run(["run"], `${open(long)}; ${open("/etc/hosts")}`);
    assert.equal(status, 0, stderr);
    const { outcome } = await record();
    assert.equal(outcome?.counts.lost, 0);
    assert.equal(outcome?.counts.points, 2);
    assert.ok(file("trajectory.jsonl").includes(long));
  });

  it("cost no other record when it is the next one that is read on", async (t) => {
    const { run, record } = await bench(t, { pageBytes: 4096, onward: "next" });
    // the second one waits in the queue while the first is read
    const script = `${open(long)} & echo "async capable 1" > HOOK; wait; ${open("/etc/hosts")}`;
    const { status, stderr } = await run(["run"], script);
    assert.equal(status, 0, stderr);
    const { outcome } = await record();
    assert.equal(outcome?.counts.lost, 1);
    assert.equal(outcome?.counts.events, 3);
  });

  it("are a loss where it cuts them, and their task goes on", async (t) => {
    const { run, record, file } = await bench(t, { pageBytes: 4096 });
    const { status, stderr } = await run(["run"], `${open(long)}; ${open("/etc/hosts")}`);
    assert.equal(status, 0, stderr);
    const { outcome } = await record();
    assert.equal(outcome?.counts.lost, 1);
    assert.equal(outcome?.counts.events, 2);
    assert.equal((JSON.parse(file("unreadable.jsonl")) as { text: string }).text.length, 4096);
  });
});

describe("many events", { skip }, () => {
  it("wait in the kernel's queue, and none is lost or taken twice", async (t) => {
    const { run, record } = await bench(t);
    const script = `for p in 1 2 3 4; do (i=0; while [ $i -lt 100 ]; do echo "async capable $i" > HOOK; ${open("/p$p/$i")} || exit 9; i=$((i+1)); done) & done; wait`;
    const { status, stderr } = await run(["run"], script);
    assert.equal(status, 0, stderr);
    const { outcome } = await record();
    assert.equal(outcome?.counts.events, 800);
    assert.equal(outcome?.counts.points, 500);
    assert.equal(outcome?.counts.lost, 0);
  });

  it("go on while a signal stops and continues Galgo", async (t) => {
    const { started } = await bench(t);
    const galgo = started(
      ["run"],
      `echo ready; i=0; while [ $i -lt 200 ]; do ${open("/$i")} || exit 9; i=$((i+1)); done; echo done`,
    );
    await galgo.says(/ready/);
    galgo.process.kill("SIGSTOP");
    galgo.process.kill("SIGCONT");
    const { status, stdout, stderr } = await galgo.ended;
    assert.equal(status, 0, stderr);
    assert.equal(stdout, "ready\ndone\n");
    assert.match(stderr, /200 behaviours in 200 events/);
  });
});

describe("a kernel that does not return from an answer", { skip }, () => {
  it("ends the workload at the deadline, and Galgo with it", async (t) => {
    const { run, simulator } = await bench(t, { deaf: true });
    const { status, stdout, stderr } = await run(
      ["run", "--deadline", "300"],
      `${open("/etc/hosts")}; echo on`,
    );
    assert.equal(status, 125);
    assert.equal(stdout, "");
    assert.match(stderr, /no decision on one event for \d+ ms/);
    assert.deepEqual((await simulator.until(({ waiting }) => waiting.length === 0)).waiting, []);
  });
});

describe("an export file that gives nothing", { skip }, () => {
  it("is an error that ends the workload", async (t) => {
    const { run } = await bench(t, { emptyReads: true });
    const { status, stdout, stderr } = await run(["run"], `${open("/etc/hosts")}; echo on`);
    assert.equal(status, 125);
    assert.equal(stdout, "");
    assert.match(stderr, /gave no bytes and no error/);
  });
});
