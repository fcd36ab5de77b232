// SPDX-License-Identifier: Apache-2.0
// Orders to a namespace that runs: sealed and enforced while the workload goes on, and refused when it is too late.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { DaemonClient } from "../../src/daemon/client/index.ts";
import type { Daemon } from "../../src/daemon/index.ts";
import type { WorkloadModel } from "../../src/model/index.ts";
import { loadModel } from "../../src/orchestrator/index.ts";
import { DaemonPlace } from "../helpers/daemon-place.ts";

const place = new DaemonPlace();
let daemon: Daemon;
let client: DaemonClient;

before(async () => {
  daemon = await place.start();
  client = place.client;
});

after(async () => {
  for (const run of daemon.registry.list()) run.kill("the test is over");
  await daemon.stop("the test is over");
  place.remove();
});

describe("orders over the API", () => {
  it("seal and enforce a namespace while its workload goes on", async () => {
    const go = join(place.folder, "go");
    const script = `cat /etc/hostname; while [ ! -e ${go} ]; do sleep 0.05; done; cat /etc/shadow || exit 7`;
    const run = place.launch(daemon, ["sh", "-c", script], { name: "ordered" });
    await run.started;
    for await (const line of client.lines(run.id, "trajectory", { follow: true }))
      if (line.includes("sleep")) break;
    const before = await client.workload("ordered");
    assert.deepEqual([before.mode, before.sealed], ["free", false]);
    await client.control("ordered", { verb: "pseudonym", value: "ab".repeat(32) });
    await assert.rejects(
      client.control("ordered", { verb: "base", value: "cd".repeat(32) }),
      /base: .*has behaviours already/,
    );
    await assert.rejects(client.control("ordered", { verb: "state", value: "no hex" }), /state: /);
    await client.control("ordered", { verb: "enforce" });
    // the loop is known by now: each sleep is the same
    const [inside] = run.pids;
    await assert.rejects(
      client.control("ordered", { verb: "seal" }, inside),
      /may not give orders/,
    );
    for (const nobody of [0, 2 ** 30])
      await assert.rejects(
        client.control("ordered", { verb: "seal" }, nobody),
        /can not be seen from here/,
      );
    await client.control("ordered", { verb: "seal" }, process.pid);
    const sealed = await client.workload("ordered");
    const sofar = JSON.parse(await client.model("ordered")) as WorkloadModel;
    assert.deepEqual([sofar.spec.sealed, sofar.spec.pseudonyms], [true, ["ab".repeat(32)]]);
    assert.deepEqual([sealed.mode, sealed.sealed, sealed.onViolation], ["enforce", true, "deny"]);
    await assert.rejects(client.control("ordered", { verb: "seal" }), /is sealed/);
    writeFileSync(go, "");
    const { outcome, directory } = await run.ended;
    assert.deepEqual(outcome.exit, { code: 7 });
    assert.ok(outcome.counts.violations > 0);
    assert.ok(outcome.sealed !== undefined && outcome.enforced === true);
    const model = loadModel(directory.model);
    assert.equal(model.spec.sealed, true);
    assert.deepEqual(model.spec.pseudonyms, ["ab".repeat(32)]);
  });

  it("do not come from inside of a workload, whoever it is there", async () => {
    const order = `curl -s --unix-socket ${daemon.sockets.api} -d '{"verb":"seal"}' http://x/v1/workloads/inside/control`;
    // also from a process that has left its parent
    const script = `${order} >$0/a; (setsid sh -c '${order.replaceAll("'", `'"'"'`)} >$0/b.new; mv $0/b.new $0/b' $0 &); while [ ! -e $0/b ]; do sleep 0.05; done`;
    const run = place.launch(daemon, ["sh", "-c", script, place.folder], { name: "inside" });
    const { outcome } = await run.ended;
    assert.equal(outcome.sealed, undefined);
    for (const name of ["a", "b"])
      assert.match(readFileSync(join(place.folder, name), "utf8"), /may not give orders/);
  });
});
