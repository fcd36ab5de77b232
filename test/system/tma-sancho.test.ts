// SPDX-License-Identifier: Apache-2.0
// A workload whose model is in a Sancho device behind a serial port: the same state as Galgo's copy, a violation refused, and a device that
// is unplugged, silent, or says something else never lets the workload go on and never leaves it waiting.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { describe, it, type TestContext } from "node:test";
import { SanchoDevice } from "../helpers/sancho-device.ts";
import { SanchoPort } from "../helpers/sancho-port.ts";
import { type Running, Workplace } from "../workloads/workplace.ts";

const GALGO_FAILED = 125;
const RULES = ["--mapping", "quixote-2025", "--profile", "exact"];

/** Reads a line from a pipe in the middle, so that a test can do something there. */
const SCRIPT = `
cat fruits.txt | sort
echo half
read line < gate
head -n 1 fruits.txt
test -z "$READ" || cat "$READ"
`;
const COMMAND = ["sh", "script.sh"];

function prepared(t: TestContext): Workplace {
  const place = new Workplace(t);
  place.world(() => {
    place.write("script.sh", SCRIPT);
    place.write("fruits.txt", "banana\napple\n");
    execFileSync("mkfifo", [place.path("gate")]);
    place.own(place.path("gate"));
  });
  return place;
}

/** Lets the workload go on: ends when it has come to its gate. */
async function openGate(place: Workplace): Promise<void> {
  await writeFile(place.path("gate"), "go\n");
}

/** A device that needs no time to come up. */
function tma(port: SanchoPort): string {
  return `sancho:${port.path},settle=50`;
}

async function learned(place: Workplace, port: SanchoPort, events = "flat"): Promise<string> {
  const options = [...RULES, "--tma", `${tma(port)},events=${events}`];
  await place.learn(COMMAND, { options, meanwhile: () => openGate(place) });
  return JSON.parse(readFileSync(place.model, "utf8")).spec.state;
}

describe("a model in a Sancho device", () => {
  it("is learned and enforced, whichever form its events have, and a violation is refused", async (t) => {
    const place = prepared(t);
    const port = new SanchoPort(t);
    const states = [await learned(place, port), await learned(place, port, "json")];
    assert.equal(states[0], states[1]);
    assert.ok(port.device.asked.includes("export"));
    const other = new SanchoPort(t, new SanchoDevice(8));
    const options = ["--tma", `${tma(other)},ask=all`];
    const { stderr } = await place.repeat(COMMAND, { options, meanwhile: () => openGate(place) });
    assert.match(stderr, /nothing that the device of --tma sancho:.* says is authenticated/);
    assert.deepEqual(place.record().tma, {
      place: `sancho:${other.path},ask=all,settle=50`,
      authenticated: false,
    });
    for (const asked of ["aggregate", "load", "seal", "export", "show state", "show measurement"]) {
      assert.ok(other.device.asked.includes(asked), asked);
    }
    const { stdout } = await place.refused(COMMAND, /\/etc\/shadow/, {
      options,
      meanwhile: () => openGate(place),
      env: { READ: "/etc/shadow" },
    });
    assert.match(stdout, /banana\n$/);
    await place.repeat(COMMAND, { meanwhile: () => openGate(place) });
    assert.equal(place.record().tma, undefined, "it means the same in Galgo's own memory");
  });

  it("is refused with other rules, with advice, and nothing is started", async (t) => {
    const place = prepared(t);
    const words = ["--tma", "sancho:/dev/null", "--", "echo", "started"];
    const { status, stdout, stderr } = await place.galgo("run", ...words);
    assert.deepEqual([status, stdout], [GALGO_FAILED, ""]);
    assert.match(
      stderr,
      /quixote-2025 with the profile exact.*learn one with --mapping quixote-2025/s,
    );
    const none = await place.galgo("learn", ...RULES, "-o", place.path("m.json"), ...words);
    assert.deepEqual([none.status, none.stdout], [GALGO_FAILED, ""]);
    assert.match(none.stderr, /\/dev\/null: no serial port/);
  });
});

/** Enforces the workload and waits until it is half done: it goes on when somebody writes to its gate. */
async function halfway(place: Workplace, port: SanchoPort): Promise<Running> {
  const words = ["run", "-m", place.model, "--enforce", "--tma", tma(port)];
  const running = place.start([...words, "--", ...COMMAND], { env: { READ: "/etc/shadow" } });
  let said = "";
  await new Promise<void>((done, failed) => {
    running.process.stdout?.on("data", (part: string) => {
      said += part;
      if (said.includes("half\n")) done();
    });
    running.process.once("close", () => failed(new Error(`it ended before it was half: ${said}`)));
  });
  return running;
}

describe("a Sancho device that fails in the middle of an enforced run", () => {
  it("never lets the workload go on", async (t) => {
    const place = prepared(t);
    await learned(place, new SanchoPort(t));
    for (const [what, act, why] of [
      ["unplugged", (port) => port.unplug(), /the device behind .* is gone/],
      ["silent", (port) => (port.device.manner = "silent"), /gave no answer to export in time/],
      ["garbage", (port) => (port.device.manner = "garbage"), /has answered with a frame of \d+ /],
      ["released", (port) => (port.device.manner = "released"), /do not agree on a verdict/],
      ["other process", (port) => (port.device.manner = "other-pid"), /has answered .*RELEASE 1/],
    ] as const satisfies readonly (readonly [string, (port: SanchoPort) => unknown, RegExp])[]) {
      await t.test(what, async (each) => {
        const port = new SanchoPort(each);
        const running = await halfway(place, port);
        act(port);
        void openGate(place).catch(() => undefined); // nobody may read there any more
        const { status, stdout, stderr } = await running.ended;
        assert.equal(status, GALGO_FAILED, stderr);
        assert.doesNotMatch(stdout, /root:/, "what nobody had allowed was done");
        assert.match(stderr, why);
        assert.match(place.record().error ?? "", why);
      });
    }
  });
});
