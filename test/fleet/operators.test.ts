// SPDX-License-Identifier: Apache-2.0
// The commands of operators, as people use them.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { ApiTokenMade, AttestationRow, ModelRow, Rows } from "../../src/wire/api/index.ts";
import { parseWorkloadModel } from "../../src/model/index.ts";
import { askUntil } from "../helpers/ask-until.ts";
import { FleetHost, ServedFleet } from "../helpers/fleet-host.ts";
import { aModel } from "../helpers/models.ts";
import { noNatsServer } from "../helpers/nats-cluster.ts";
import { aSigner, signedModelText } from "../helpers/signing.ts";
import { testHasher } from "../helpers/test-hasher.ts";

/** With an argument it goes on until it is killed, and does nothing else than without. */
const SCRIPT = `if [ -n "$1" ]; then
  while [ ! -e "$0.stop" ]; do sleep 0.2; done
fi
sleep 0.2
[ ! -e "$0.stop" ]
`;
const LEARNED = { source: "it", hasher: testHasher };
const signer = aSigner("Ed25519");
let fleet: ServedFleet;

function file(name: string, text: string, mode = 0o600): string {
  const path = join(fleet.folder, name);
  writeFileSync(path, text, { mode });
  return path;
}

describe("the commands of operators", { skip: noNatsServer() }, () => {
  before(async () => {
    fleet = new ServedFleet();
    await fleet.start();
  });
  after(async () => {
    await fleet?.remove();
  });

  it("make users and tokens, and tell no password", async () => {
    const password = "a long enough secret";
    const words = ["user", "add", "vera", "--role", "viewer", "--password-file"] as const;
    await assert.rejects(fleet.galgo(...words, file("open", password, 0o644)), /chmod 600/);
    await assert.rejects(fleet.galgo(...words, file("short", "short")), /12 to 256/);
    await fleet.galgo(...words, file("password", `${password}\n`));
    assert.match(await fleet.galgo("user", "list"), /vera .*viewer/);
    const audit = await fleet.galgo("audit", "vera");
    assert.match(audit, /user\.add +done/);
    assert.equal(audit.includes(password), false);
    const refused = fleet.galgo("user", "token", "vera", "--role", "admin");
    await assert.rejects(refused, /role admin can not be made with the role viewer/);
    const made = JSON.parse(await fleet.galgo("user", "token", "vera", "--json")) as ApiTokenMade;
    const server = JSON.parse(readFileSync(join(fleet.data, "server.json"), "utf8")) as {
      ca: string;
    };
    const as = ["--url", fleet.url, "--ca", file("ca.pem", server.ca)] as const;
    const token = ["--api-token-file", file("token", made.token)] as const;
    assert.match(await fleet.galgo("orders", ...as, ...token), /WHAT/);
    const order = fleet.galgo("order", "kill", "--all", ...as, ...token);
    await assert.rejects(order, /takes the role operator; vera has viewer/);
    await fleet.galgo("user", "end-token", made.id);
    await assert.rejects(fleet.galgo("orders", ...as, ...token), /not known, or not any more/);
  });

  it("give the fleet models, when their key is trusted", async () => {
    const model = file("app.dsse.json", signedModelText(aModel(), signer, "ab".repeat(32)));
    await assert.rejects(fleet.galgo("model", "push", model), /UNKNOWN_KEY/);
    await fleet.galgo("model", "trust", "release", file("release.pem", signer.publicPem));
    const digest = (await fleet.galgo("model", "push", model)).trim();
    const [row] = JSON.parse(await fleet.galgo("model", "list", "--json")) as readonly ModelRow[];
    assert.deepEqual([row?.digest, row?.signedBy], [digest, ["release"]]);
    assert.equal(await fleet.galgo("model", "get", digest), readFileSync(model, "utf8"));
    const begin = fleet.galgo("rollout", "begin", "demo", "--digest", digest);
    await assert.rejects(begin, /no workload demo runs/);
  });

  it("have a workload of a real host prove that it runs under a model of the fleet", async () => {
    const host = new FleetHost();
    try {
      await host.start();
      const joined = await host.fleet("join", fleet.url, "--token", await fleet.token());
      assert.equal(joined.status, 0, joined.stderr);
      await host.stands(({ connected }) => connected);
      const { model, script } = await host.learn(SCRIPT);
      const text = signedModelText(
        parseWorkloadModel(readFileSync(model, "utf8"), LEARNED),
        signer,
        "ab".repeat(32),
      );
      const signed = file("sh.dsse.json", text);
      await fleet.galgo("model", "push", signed);
      const run = host.launch("-m", signed, "--enforce", "--name", "loop", "--", "sh", script, "x");
      await askUntil(
        () => fleet.get("/api/v1/workloads"),
        (answer) =>
          (answer as { rows: readonly { name: string }[] }).rows.some(
            ({ name }) => name === "loop",
          ),
      );
      assert.match(await fleet.galgo("order", "attest", "--workload", "loop"), /done/);
      const answer = await askUntil(
        () => fleet.get("/api/v1/attestations"),
        (found) => (found as Rows<AttestationRow>).rows[0]?.accepted !== undefined,
      );
      const [row] = (answer as Rows<AttestationRow>).rows;
      assert.deepEqual([row?.accepted, row?.reasons, row?.name], [true, [], "loop"]);
      assert.match(await fleet.galgo("order", "kill", "--workload", "loop"), /done/);
      assert.notEqual((await run.ended).status, 0);
    } finally {
      await host.remove();
    }
  });

  it("order nothing of everybody by a slip", async () => {
    await assert.rejects(fleet.galgo("order", "kill"), /kill of what\?/);
    await assert.rejects(fleet.galgo("order", "kill", "--host", "nobody"), /not known: nobody/);
    await assert.rejects(fleet.galgo("order", "format", "--all"), /kind/);
  });
});
