// SPDX-License-Identifier: Apache-2.0
// Simulated hosts (bench/fleet: the daemon's own spool, outbox and connection) at a server with the embedded database, which is killed with SIGKILL in
// the middle of it, with its bus: what they told is there, each once. The large version with a cluster and PostgreSQL is `npm run bench -- fleet`.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { fault, victims } from "../../bench/fleet/faults.ts";
import { isSame, wordsOf } from "../../bench/fleet/ledger.ts";
import { command } from "../../bench/fleet/measures.ts";
import { Site } from "../../bench/fleet/site.ts";
import { noNatsServer } from "../helpers/nats-cluster.ts";

const HOSTS = 30;
const SETTLE_MS = 60_000;
const TIMES = {
  perSecond: 50,
  beforeMs: 500,
  goneMs: 500,
  afterMs: 500,
  settleMs: SETTLE_MS,
};

describe("simulated hosts", { skip: noNatsServer() }, () => {
  let site: Site;
  before(async () => {
    site = await Site.open({ hosts: HOSTS, engine: "sqlite" });
    const { url, ca } = site.access;
    await site.crowd.join({ url, ca, token: await site.token() });
    await site.crowd.order({ do: "connect", overMs: 300 });
    await site.settled(SETTLE_MS);
  });
  after(async () => {
    await site?.close();
  });

  it("carry out what is ordered, all of them", async () => {
    const { hosts } = await command(site, "kill", { names: ["nginx"] });
    assert.ok(hosts > 0 && hosts <= HOSTS, `${hosts} hosts were meant`);
    await site.settled(SETTLE_MS);
  });

  it("tell everything once, though the server and its bus are killed", async () => {
    const [server] = victims(site);
    assert.ok(server !== undefined);
    await fault(site, server, TIMES);
    const difference = await site.compare();
    assert.ok(isSame(difference), wordsOf(difference));
    assert.ok(difference.violations > 20, wordsOf(difference));
  });
});
