// SPDX-License-Identifier: Apache-2.0
// Attaching through the API: what is refused, in one sentence. What it does where programs can be loaded is shown in a guest
// (test/vm/cases/bpf-adopt.ts).
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { attachedPart } from "../../src/daemon/attached/part.ts";
import type { AttachOrder } from "../../src/daemon/api/types.ts";
import { ClientError } from "../../src/daemon/client/index.ts";
import type { Daemon } from "../../src/daemon/index.ts";
import { DaemonPlace } from "../helpers/daemon-place.ts";

const place = new DaemonPlace();
let daemon: Daemon;

before(async () => {
  daemon = await place.start({ parts: [attachedPart] });
});

after(async () => {
  await daemon.stop("the test is over");
  place.remove();
});

async function refusal(order: AttachOrder): Promise<string> {
  try {
    await place.client.attach(order);
  } catch (error) {
    assert.ok(error instanceof ClientError);
    assert.doesNotMatch(error.message, /\n/);
    return error.message;
  }
  return "attached";
}

describe("an order to attach", () => {
  const NOBODY = 2 ** 22 + 1;
  const cases: readonly (readonly [string, AttachOrder, RegExp])[] = [
    ["to nothing", {}, /either cgroup or pid/],
    ["to two things", { pid: 1, cgroup: "/" }, /either cgroup or pid/],
    ["to a process that is not there", { pid: NOBODY }, new RegExp(`no process ${NOBODY}`)],
    ["to what is no cgroup", { cgroup: "/tmp" }, /is no cgroup/],
    ["to the daemon itself", { pid: process.pid }, /can not decide for itself/],
    ["with a model that is not there", { pid: 1, modelFile: "/nonexistent" }, /\/nonexistent/],
    [
      "with a model that lies somewhere else for each of us",
      { pid: 1, modelFile: "m.json" },
      /modelFile: .*an absolute path/,
    ],
    ["that enforces nothing", { pid: 1, mode: "enforce" }, /needs a model/],
    [
      "that refuses and does not enforce",
      { pid: 1, onViolation: "kill" },
      /needs the mode enforce/,
    ],
    ["with a name that is none", { pid: NOBODY - 1, name: "a/b" }, /./],
  ];
  for (const [what, order, words] of cases) {
    it(`${what} is refused`, async () => {
      assert.match(await refusal(order), words);
      assert.deepEqual(await place.client.workloads(), []);
    });
  }
});
