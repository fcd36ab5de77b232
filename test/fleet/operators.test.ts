// SPDX-License-Identifier: Apache-2.0
// The commands of operators, as people use them.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { ApiTokenMade, ModelRow } from "../../src/wire/api/index.ts";
import { ServedFleet } from "../helpers/fleet-host.ts";
import { aModel } from "../helpers/models.ts";
import { noNatsServer } from "../helpers/nats-cluster.ts";
import { aSigner, signedModelText } from "../helpers/signing.ts";

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

  it("order nothing of everybody by a slip", async () => {
    await assert.rejects(fleet.galgo("order", "kill"), /kill of what\?/);
    await assert.rejects(fleet.galgo("order", "kill", "--host", "nobody"), /not known: nobody/);
    await assert.rejects(fleet.galgo("order", "format", "--all"), /kind/);
  });
});
