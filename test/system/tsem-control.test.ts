// SPDX-License-Identifier: Apache-2.0
// The control plane of a TSEM kernel under Galgo's hands, with the simulator in the kernel's place: what is written to it, who may,
// the kernel's own model, what the doctor finds.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, describe, it } from "node:test";
import { Place } from "../cli/galgo.ts";
import { buildLaunchers } from "../helpers/built.ts";
import { bench, ENFORCE, LEARN, open } from "../simulator/bench.ts";
import { simulatorSkip } from "../simulator/simulator.ts";

const skip = simulatorSkip();

before(() => {
  buildLaunchers();
});

describe("a namespace with the kernel's own model", { skip }, () => {
  it("is given the model in the order that the kernel needs, and read at the end", async (t) => {
    const first = await bench(t);
    await first.run(LEARN, `${open("/etc/hosts")}; ${open("/etc/passwd")}`);
    const model = JSON.parse(readFileSync(first.place.path("m.json"), "utf8")) as {
      spec: { points: string[] };
    };
    const line = first.file("trajectory.jsonl").split("\n")[0] ?? "";
    const [point = ""] = model.spec.points;
    const modelFiles = {
      measurement: `${"a".repeat(64)}\n`,
      state: `${"b".repeat(64)}\n`,
      trajectory: `${line.replace(/"pid": "\d+", ("tnum": "\d+", )?/, "")}\n`,
      trajectory_coefficients: `${point}\n`,
      trajectory_counts: "7\n",
    };
    const { run, simulator, record, file, place } = await bench(t, { modelFiles });
    place.write("m.json", readFileSync(first.place.path("m.json"), "utf8"));
    const { status, stderr } = await run([...ENFORCE, "--tsem-internal"], "echo hello");
    assert.equal(status, 0, stderr);
    const [namespace] = (await simulator.state()).namespaces;
    assert.equal(namespace?.kind, "internal");
    assert.deepEqual(namespace?.loaded, [
      "enforce",
      ...model.spec.points.map((value) => `state ${value}`),
      "seal",
    ]);
    const { outcome } = await record();
    assert.equal(outcome?.state, "b".repeat(64));
    assert.equal(outcome?.measurement, "a".repeat(64));
    assert.equal(outcome?.counts.events, 7);
    assert.match(file("trajectory.jsonl"), /\/etc\//);
    const { stdout } = await place.galgo("show", "sh", "coefficients");
    assert.match(stdout, new RegExp(point));
  });

  it("is refused on a kernel that does not show it to the parent", async (t) => {
    const { run } = await bench(t, { personality: "k24" });
    const { status, stderr } = await run(["run", "--tsem-internal"], "echo hello");
    assert.equal(status, 125);
    assert.match(stderr, /leave --tsem-internal out|does not tell its number/);
  });
});

describe("the control plane", { skip }, () => {
  it("is out of the workload's reach", async (t) => {
    const { run, simulator } = await bench(t);
    const script = `grep CapBnd /proc/self/status; (: > ${simulator.folder}/control) || echo closed`;
    const { stdout } = await run(["run"], script);
    const mask = BigInt(`0x${/CapBnd:\s*([0-9a-f]+)/.exec(stdout)?.[1] ?? ""}`);
    assert.equal((mask >> 33n) & 1n, 0n, "CAP_MAC_ADMIN is not in the bounding set");
    assert.match(stdout, /closed/);
  });

  it("takes enforce from the parent where the kernel wants it so", async (t) => {
    const { run, simulator } = await bench(t, { commandsOfParent: true });
    await run(LEARN, open("/etc/hosts"));
    const { status, stderr } = await run(ENFORCE, open("/etc/hosts"));
    assert.equal(status, 0, stderr);
    const { namespaces, rootTouched } = await simulator.state();
    assert.equal(namespaces[1]?.enforcing, true);
    assert.equal(rootTouched, false);
  });

  it("is found under the names of older kernels", async (t) => {
    const { run } = await bench(t, { personality: "k24", oldNames: true });
    const { status, stderr } = await run(["run"], open("/etc/hosts"));
    assert.equal(status, 0, stderr);
    assert.match(stderr, /1 behaviour in 1 event/);
  });

  it("is missed in words where there is none", async (t) => {
    const place = new Place(t);
    const args = ["run", "--sensor", "tsem", "--", "true"];
    const { status, stderr } = await place.start(args, { GALGO_TSEM_DIR: place.folder }).ended;
    assert.equal(status, 125);
    assert.match(stderr, /no TSEM kernel here/);
  });

  it("gives the namespace what the options say", async (t) => {
    const { run, simulator } = await bench(t);
    const options = ["learn", "-o", "m.json", "--digest", "sha3-256", "--tsem-nsref", "initial"];
    const { status, stderr } = await run([...options, "--tsem-cache", "64"], open("/etc/hosts"));
    assert.equal(status, 0, stderr);
    const { commands } = await simulator.state();
    assert.equal(commands[0], "external nsref=initial digest=sha3-256 cache=64\n");
  });
});

describe("a command that can not be run", { skip }, () => {
  it("ends with the status that a shell gives it", async (t) => {
    const { galgo, place } = await bench(t);
    const script = place.write("broken", "#!/no/such/interpreter\n", 0o755);
    const { status, stderr } = await galgo("run", "--sensor", "tsem", "--", script);
    assert.equal(status, 127, stderr);
    assert.match(stderr, /can not run/);
  });

  it("passes on the status and the signals of one that can", async (t) => {
    const { run, started } = await bench(t);
    assert.equal((await run(["run"], "exit 3")).status, 3);
    const galgo = started(
      ["run"],
      "trap 'echo caught; exit 5' TERM; echo ready; while :; do sleep 0.01; done",
    );
    await galgo.says(/ready/);
    galgo.process.kill("SIGTERM");
    const { status, stdout } = await galgo.ended;
    assert.equal(stdout, "ready\ncaught\n");
    assert.equal(status, 5);
  });
});

interface Doctor {
  readonly facts: readonly { readonly id: string; readonly ok?: boolean; readonly value: string }[];
  readonly sensors: readonly { readonly sensor: string; readonly usable: boolean }[];
}

describe("the doctor", { skip }, () => {
  for (const [personality, found] of [
    ["k25", /serial numbers \(2025\)/],
    ["k24", /a key \(2024\)/],
  ] as const) {
    it(`finds a kernel like ${personality} by making a namespace, and leaves nothing behind`, async (t) => {
      const { galgo, simulator } = await bench(t, { personality });
      const { stdout, stderr } = await galgo("doctor", "--json");
      const { facts, sensors } = JSON.parse(stdout) as Doctor;
      assert.match(facts.find(({ id }) => id === "tsem-namespace")?.value ?? stderr, found);
      assert.equal(facts.find(({ id }) => id === "tsem-mac-admin")?.ok, true);
      assert.equal(sensors.find(({ sensor }) => sensor === "tsem")?.usable, true);
      const { namespaces, rootTouched } = await simulator.state();
      assert.equal(namespaces.length, 1);
      assert.equal(rootTouched, false);
    });
  }
});
