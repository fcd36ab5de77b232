// SPDX-License-Identifier: Apache-2.0
// A host in its fleet, end to end: what a workload does outside of its model is in the database, once, whoever is killed in between.
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { credentialTimes } from "../../src/daemon/fleet/credential.ts";
import { hostKey } from "../../src/daemon/fleet/nkey.ts";
import { hostToken } from "../../src/fleet/bus/tokens.ts";
import { openFleetKeys } from "../../src/fleet/keys/fleet-keys.ts";
import { FleetHost, ServedFleet } from "../helpers/fleet-host.ts";
import { freePort } from "../helpers/ports.ts";
import { noNatsServer } from "../helpers/nats-cluster.ts";

/** Opens each file that it is given: /etc/hostname is learned. */
const SCRIPT = 'for file in /etc/hostname "$@"; do read line < "$file"; done\n';

interface Row {
  readonly workload: string;
  readonly number: number;
  readonly words: string;
}

describe("a host in its fleet", { skip: noNatsServer() }, () => {
  const fleet = new ServedFleet();
  const host = new FleetHost();
  let model: { readonly script: string; readonly model: string };
  /** Files that were opened in vain, in all tests so far. */
  const opened: string[] = [];

  before(async () => {
    await Promise.all([fleet.start(), host.start()]);
    model = await host.learn(SCRIPT);
  });
  after(async () => {
    await host.remove();
    await fleet.remove();
  });

  /** A workload that opens files outside of its model. @returns when it has ended */
  async function violate(...files: readonly string[]): Promise<void> {
    opened.push(...files);
    const words = ["-m", model.model, "--detect", "--name", "shop", "--", "sh", model.script];
    const { stderr } = await host.launch(...words, ...files).ended;
    assert.match(stderr, /violation/);
  }

  async function rows(): Promise<readonly Row[]> {
    const { rows: found } = (await fleet.get("/api/v1/violations?limit=500")) as {
      readonly rows: readonly Row[];
    };
    return found;
  }

  /** Waits until the database has what was opened, and looks that it has it once. */
  async function arrived(): Promise<readonly Row[]> {
    const missing = (found: readonly Row[]): readonly string[] =>
      opened.filter((file) => !found.some(({ words }) => words.includes(file)));
    let found: readonly Row[] = [];
    for (const end = performance.now() + 60_000; performance.now() < end; await pause(50)) {
      found = await rows();
      if (missing(found).length === 0) break;
    }
    assert.deepEqual(missing(found), []);
    const ids = found.map(({ workload, number }) => `${workload} ${number}`);
    assert.equal(new Set(ids).size, ids.length);
    for (const file of opened) {
      const about = found.filter(({ words }) => words.includes(file));
      assert.equal(about.length, 1, file);
    }
    return found;
  }

  it("joins with a token, which counts once and for this fleet only", async () => {
    const before = await host.fleet("status", "--json");
    assert.equal(before.status, 1);
    assert.deepEqual(JSON.parse(before.stdout), { joined: false, connected: false });
    const token = await fleet.token("--label", "site=north");
    const forged = `${token.slice(0, -2)}${token.endsWith("00") ? "11" : "00"}`;
    const refused = await host.fleet("join", fleet.url, "--token", forged);
    assert.equal(refused.status, 125);
    assert.match(refused.stderr, /known by another certificate/);
    const file = host.place.write("token", token, 0o600);
    const joined = await host.fleet("join", fleet.url, "--token-file", file, "--name", "web-1");
    assert.equal(joined.status, 0, joined.stderr);
    const again = await host.fleet("join", fleet.url, "--token-file", file);
    assert.match(again.stderr, /in the fleet at .* already/);
    await host.stands(({ connected }) => connected);
    const { status, stdout } = await host.fleet("status", "--json");
    assert.equal(status, 0);
    const known = JSON.parse(stdout) as { name: string; labels: object };
    assert.equal(known.name, "web-1");
    assert.deepEqual(known.labels, { site: "north" });
    const other = new FleetHost();
    try {
      const used = await other.fleet("join", fleet.url, "--token", token);
      assert.equal(used.status, 125);
      assert.match(used.stderr, /refuses/);
      assert.equal(existsSync(join(other.place.state, ".daemon", "fleet")), false);
    } finally {
      await other.remove();
    }
  });

  it("tells what a workload does outside of its model, with what acted", async () => {
    await violate("/etc/passwd", "/etc/group");
    const found = await arrived();
    const row = found.find(({ words }) => words.includes("/etc/passwd"));
    assert.match(row?.words ?? "", /opens .*\/etc\/passwd/);
    const metrics = await host.client.metrics();
    assert.match(metrics, /^galgo_fleet_connected 1$/m);
    assert.match(metrics, /^galgo_fleet_waiting_bytes \d+$/m);
  });

  it("loses nothing when the server is killed, and sends nothing twice into the database", async () => {
    await fleet.kill();
    await host.stands(({ connected }) => !connected);
    await violate("/etc/services");
    await violate("/etc/protocols");
    assert.ok(((await host.client.fleet()).spool?.parcels ?? 0) > 0);
    await fleet.start();
    await arrived();
    await host.stands(({ spool }) => spool?.parcels === 0);
  });

  it("loses nothing when the bus is killed", async () => {
    const { busPid } = fleet;
    const gone = host.stands(({ connected }) => !connected);
    process.kill(busPid, "SIGKILL");
    await gone;
    await violate("/etc/shells");
    await arrived();
    assert.notEqual(fleet.busPid, busPid);
  });

  it("loses nothing when the daemon is killed, also while no server is there", async () => {
    await fleet.kill();
    const words = ["-m", model.model, "--detect", "--name", "shop", "--", "sh", "-c"];
    await violate("/etc/fstab");
    const running = host.launch(...words, "read a < /etc/hosts; echo done; exec sleep 1000");
    opened.push("/etc/hosts");
    await running.says(/done/);
    // from here on it is evidence
    await host.recorded("shop", "/etc/hosts");
    await host.kill();
    const left = await host.fleet("leave");
    assert.match(left.stderr, /not known to be in the fleet's database: no daemon runs/);
    await host.start();
    await fleet.start();
    await arrived();
    await host.stands(({ spool }) => spool?.parcels === 0);
    running.process.kill("SIGKILL");
  });

  it("tells what became of its workloads before its daemon ends", async () => {
    host.launch("--name", "last", "--", "sleep", "1000");
    const running = async (): Promise<{ readonly id: string } | undefined> => {
      const { rows: found } = (await fleet.get("/api/v1/workloads?q=last")) as {
        readonly rows: readonly { readonly id: string; readonly name: string }[];
      };
      return found.find(({ name }) => name === "last");
    };
    let row = await running();
    for (const end = performance.now() + 60_000; row === undefined; row = await running()) {
      assert.ok(performance.now() < end, "the fleet never heard of it");
      await pause(20);
    }
    await host.kill("SIGTERM");
    const { status } = (await fleet.get(`/api/v1/workloads/${row.id}`)) as {
      readonly status: string;
    };
    assert.equal(status, "ended");
  });

  /** Starts the daemon with a right to connect that ends then, and waits until it has a new one. */
  async function renewed(ends: number): Promise<void> {
    const folder = join(host.place.state, ".daemon", "fleet");
    const text = (name: string): string => readFileSync(join(folder, name), "utf8").trim();
    const file = join(folder, "membership.json");
    const membership = (): { readonly host: string; readonly servers: readonly string[] } =>
      JSON.parse(text("membership.json"));
    const { host: id, servers } = membership();
    const nowhere = `tls://127.0.0.1:${await freePort()}`;
    writeFileSync(file, JSON.stringify({ ...membership(), servers: [nowhere, ...servers] }));
    const { publicKey: key } = hostKey(text("host.nk"));
    const now = ends - 3_600_000;
    const order = { host: id, key, now, transport: "nats", seconds: 3_600 } as const;
    writeFileSync(join(folder, "host.jwt"), hostToken(openFleetKeys(fleet.data, now), order));
    await host.start();
    const end = performance.now() + 60_000;
    while (credentialTimes(text("host.jwt")).expires <= ends + 60_000) {
      assert.ok(performance.now() < end, "it is not renewed");
      await pause(20);
    }
    await host.stands(({ connected }) => connected);
    if (ends > Date.now()) assert.deepEqual(membership().servers, servers, "where the bus is now");
  }

  it("gets a new right to connect before its own ends, and when it has ended while it was off", async () => {
    await renewed(Date.now() + 120_000);
    await host.kill("SIGTERM");
    await renewed(Date.now() - 48 * 3_600_000);
  });

  it("leaves when all is told, and forgets its key", async () => {
    const left = await host.fleet("leave");
    assert.equal(left.status, 0, left.stderr);
    assert.equal((await host.fleet("status")).status, 1);
    assert.equal(existsSync(join(host.place.state, ".daemon", "fleet")), false);
    assert.deepEqual(await host.client.fleet(), { joined: false, connected: false });
  });

  it("is cut off when it is revoked, and says so", async () => {
    const token = await fleet.token();
    const joined = await host.fleet("join", fleet.url, "--token", token, "--json");
    const { host: id } = JSON.parse(joined.stdout) as { readonly host: string };
    await host.stands(({ connected }) => connected);
    await fleet.galgo("host", "revoke", id);
    await host.stands(({ connected }) => !connected);
    const { error } = await host.client.fleet();
    assert.match(error ?? "", /author|revoked|refuse/i);
    assert.equal((await host.fleet("leave", "--force")).status, 0);
  });
});
