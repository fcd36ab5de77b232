// SPDX-License-Identifier: Apache-2.0
// A workload whose model is in a Sancho device behind a serial port: the same state as Galgo's copy, a violation refused, and a device that
// is unplugged, silent, or says something else never lets the workload go on and never leaves it waiting.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { SanchoDevice } from "../helpers/sancho-device.ts";
import {
  endsFailing,
  gatedPlace,
  GATED,
  GALGO_FAILED,
  halfway,
  openGate,
} from "../helpers/gated-workload.ts";
import { SanchoPort } from "../helpers/sancho-port.ts";
import type { Workplace } from "../workloads/workplace.ts";

/** What the workload does behind its gate. */
const LAST = "head -n 1 fruits.txt";
const RULES = ["--mapping", "quixote-2025", "--profile", "exact"];

/** A device that needs no time to come up. */
function tma(port: SanchoPort): string {
  return `sancho:${port.path},settle=50`;
}

async function learned(place: Workplace, port: SanchoPort, events = "flat"): Promise<string> {
  const options = [...RULES, "--tma", `${tma(port)},events=${events}`];
  await place.learn(GATED, { options, meanwhile: () => openGate(place) });
  return JSON.parse(readFileSync(place.model, "utf8")).spec.state;
}

describe("a model in a Sancho device", () => {
  it("is learned and enforced, whichever form its events have, and a violation is refused", async (t) => {
    const place = gatedPlace(t, LAST);
    const port = new SanchoPort(t);
    const states = [await learned(place, port), await learned(place, port, "json")];
    assert.equal(states[0], states[1]);
    assert.ok(port.device.asked.includes("export"));
    const other = new SanchoPort(t, new SanchoDevice(8));
    const options = ["--tma", `${tma(other)},ask=all`];
    const { stderr } = await place.repeat(GATED, { options, meanwhile: () => openGate(place) });
    assert.match(stderr, /nothing that the device of --tma sancho:.* says is authenticated/);
    assert.deepEqual(place.record().tma, {
      place: `sancho:${other.path},ask=all,settle=50`,
      authenticated: false,
    });
    for (const asked of ["aggregate", "load", "seal", "export", "show state", "show measurement"]) {
      assert.ok(other.device.asked.includes(asked), asked);
    }
    const { stdout } = await place.refused(GATED, /\/etc\/shadow/, {
      options,
      meanwhile: () => openGate(place),
      env: { READ: "/etc/shadow" },
    });
    assert.match(stdout, /banana\n$/);
    await place.repeat(GATED, { meanwhile: () => openGate(place) });
    assert.equal(place.record().tma, undefined, "it means the same in Galgo's own memory");
  });

  it("is refused with other rules, with advice, and nothing is started", async (t) => {
    const place = gatedPlace(t, LAST);
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

describe("a Sancho device that fails in the middle of an enforced run", () => {
  it("never lets the workload go on", async (t) => {
    const place = gatedPlace(t, LAST);
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
        const half = await halfway(place, ["--tma", tma(port)]);
        act(port);
        await endsFailing(half, why);
      });
    }
  });
});
