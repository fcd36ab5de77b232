// SPDX-License-Identifier: Apache-2.0
// Orders over the API, carried to hosts over the bus, and what they answer.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { AuditRow, CommandResultRow, CommandRow } from "../../src/wire/api/index.ts";
import { publicKeyOfPem } from "../../src/attest/keys/keys.ts";
import { openCommand, type ResultItem } from "../../src/wire/link/index.ts";
import { nodeVerifier } from "../helpers/signing.ts";
import { FleetAgent } from "../helpers/fleet-agent.ts";
import { type ApiAnswer, FleetServer } from "../helpers/fleet-server.ts";
import { noNatsServer } from "../helpers/nats-cluster.ts";
import { askUntil } from "../helpers/ask-until.ts";

let fleet: FleetServer;
let web: FleetAgent;
let store: FleetAgent;

const order = (body: object): Promise<ApiAnswer> => fleet.api("/api/v1/commands", { body });
const all = { hosts: "all", select: { all: true } };

async function command(id: string): Promise<CommandRow> {
  return (await fleet.api(`/api/v1/commands/${id}`)).body as CommandRow;
}

function result(id: string, status: ResultItem["status"]): ResultItem {
  return { kind: "result", at: Date.now(), command: id, status, words: `it is ${status}` };
}

describe("orders of a fleet", { skip: noNatsServer() }, () => {
  before(async () => {
    fleet = await FleetServer.start();
    web = await FleetAgent.start(fleet, "web-1", "web");
    store = await FleetAgent.start(fleet, "store-1");
  });
  after(async () => {
    await web?.close();
    await store?.close();
    await fleet?.close();
  });

  it("reach every host, signed, and show what each has answered", async () => {
    const { status, body } = await order({ kind: "kill", target: all });
    assert.equal(status, 201);
    const { id, hosts, by } = body as CommandRow;
    assert.deepEqual([hosts.total, hosts.waiting, by], [2, 2, "local administrator"]);
    for (const agent of [web, store]) {
      const got = await agent.command((one) => one.id === id);
      assert.deepEqual([got.kind, got.target.hosts], ["kill", "all"]);
    }
    await web.tell(result(id, "done"));
    await store.tell(result(id, "failed"));
    await askUntil(
      () => command(id),
      (row) => row.hosts.waiting === 0,
    );
    const results = await fleet.api(`/api/v1/commands/${id}/results`);
    const { rows } = results.body as { rows: readonly CommandResultRow[] };
    assert.deepEqual(
      rows.map(({ hostName, status: so, words }) => [hostName, so, words]),
      [
        ["store-1", "failed", "it is failed"],
        ["web-1", "done", "it is done"],
      ],
    );
  });

  it("reach only the hosts of a group, or that are named", async () => {
    const group = await order({ kind: "seal", target: { hosts: "all", select: { group: "web" } } });
    const named = await order({ kind: "seal", target: { ...all, hosts: ["store-1"] } });
    const ids = [group, named].map(({ body }) => (body as CommandRow).id);
    await web.command(({ id }) => id === ids[0]);
    await store.command(({ id }) => id === ids[1]);
    assert.equal(
      web.commands.some(({ id }) => id === ids[1]),
      false,
    );
    assert.equal(
      store.commands.some(({ id }) => id === ids[0]),
      false,
    );
  });

  it("are there for a host that was away", async () => {
    const host = await fleet.host({ name: "late-1" });
    const { body } = await order({ kind: "detect", target: { ...all, hosts: ["late-1"] } });
    const { id } = body as CommandRow;
    const late = await FleetAgent.of(host);
    try {
      const { commands } = await late.ask("commands", { v: 1, since: 0 });
      const keys = host.enrolled.commandKeys.map((pem) => publicKeyOfPem(pem, nodeVerifier, "key"));
      const opening = { keys, verifier: nodeVerifier, host: late.id, now: Date.now() };
      const [text = ""] = commands as readonly string[];
      assert.equal(openCommand(text, opening).id, id);
      const others = await web.ask("commands", { v: 1, since: 0 });
      assert.equal(JSON.stringify(others).includes(text.slice(0, 200)), false);
    } finally {
      await late.close();
    }
  });

  it("are refused to viewers, and when nobody can mean them", async () => {
    const password = "a long enough secret";
    await fleet.api("/api/v1/users", { body: { user: "vera", role: "viewer", password } });
    const login = await fleet.api("/api/v1/login", { body: { user: "vera", password }, token: "" });
    const [set = ""] = login.headers["set-cookie"] ?? [];
    const { csrf } = login.body as { csrf: string };
    const headers = { cookie: set.split(";")[0] ?? "", "galgo-csrf": csrf };
    const asViewer = { body: { kind: "kill", target: all }, headers, token: "" };
    assert.equal((await fleet.api("/api/v1/commands", asViewer)).status, 403);
    const before = web.commands.length;
    for (const [body, status] of [
      [{ kind: "kill", target: { hosts: "all", select: {} } }, 400],
      [{ kind: "kill", target: { ...all, hosts: ["nobody"] } }, 404],
      [{ kind: "key", target: all, args: { publicKey: "x" } }, 400],
      [{ kind: "attest", target: all, args: { nonce: "short" } }, 400],
    ] as const) {
      assert.equal((await order(body)).status, status, JSON.stringify(body));
    }
    assert.equal(web.commands.length, before);
  });

  it("stand in the audit log, those too that were refused", async () => {
    const { body } = await fleet.api("/api/v1/audit?q=command&limit=1000");
    const { rows } = body as { rows: readonly AuditRow[] };
    assert.ok(
      rows.some(
        ({ result: so, words }) => so === "done" && words === "kill all workloads on all hosts",
      ),
    );
    assert.ok(rows.some(({ result: so, words }) => so === "refused" && words.includes("nobody")));
    assert.equal(
      rows.some(({ result: so }) => so === "begun"),
      false,
    );
  });
});
