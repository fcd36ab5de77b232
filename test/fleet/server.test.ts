// SPDX-License-Identifier: Apache-2.0
// A server of a fleet that works alone: enrolment, credentials that open one host's subjects and no other's, revocation, renewal, TLS.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { FleetServer } from "../helpers/fleet-server.ts";
import { noNatsServer } from "../helpers/nats-cluster.ts";
import { isHostId } from "../../src/wire/link/index.ts";

describe("galgo fleet server", { skip: noNatsServer() }, () => {
  let fleet: FleetServer;
  before(async () => {
    fleet = await FleetServer.start();
  });
  after(async () => {
    await fleet.close();
  });

  it("is well, and says so to anybody", async () => {
    const { status, body } = await fleet.api("/healthz", { token: "" });
    assert.equal(status, 200);
    assert.deepEqual(body, { status: "ok", version: "test", parts: { database: "ok", bus: "ok" } });
  });

  it("lets a host in that brings a token", async () => {
    const host = await fleet.host({ name: "web-1", labels: { role: "web" } });
    assert.ok(isHostId(host.enrolled.host));
    const connection = await host.connect();
    await connection.close();
  });
});
