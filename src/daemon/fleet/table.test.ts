// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { fromPublic } from "@nats-io/nkeys";
import { type Item, itemSchema, statesDigest } from "../../wire/link/index.ts";
import type { WorkloadStatus } from "../api/types.ts";
import { credentialTimes, renewalIn } from "./credential.ts";
import { FleetError } from "./errors.ts";
import { COUNTS_MS, STATE_MS, WHY_BURST_MS, WHY_SHARE } from "./limits.ts";
import { type Membership, MembershipFiles } from "./membership.ts";
import { hostKey, newHostKey } from "./nkey.ts";
import type { Entry } from "./outbox.ts";
import { WhyBudget } from "./records/why.ts";
import { WorkloadTable } from "./table.ts";

const STATE = "ab".repeat(32);

function status(changes: Partial<WorkloadStatus> = {}): WorkloadStatus {
  return {
    id: "20261121T222105123Z-4f2a9c",
    name: "shop",
    mode: "enforce",
    sealed: true,
    onViolation: "deny",
    sensor: "seccomp",
    fidelity: { sensor: "seccomp", sees: [], holds: [], absent: [], features: [] },
    started: "2026-11-21T22:21:05.123Z",
    status: "running",
    origin: { kind: "container", containerId: "c1", pid: 3, image: "shop:1" },
    owner: 0,
    counts: { events: 1, points: 1, trajectory: 0, violations: 0, refused: 0, lost: 0 },
    held: false,
    latency: { count: 0, p50Us: 0, p99Us: 0, maxUs: 0 },
    state: STATE,
    measurement: STATE,
    directory: "/nowhere",
    ...changes,
  };
}

function only(entry: Entry<Item> | undefined): Item | undefined {
  assert.equal(entry?.items.length, 1);
  const [item] = entry.items;
  assert.equal(itemSchema().safeParse(item).success, true, JSON.stringify(item));
  return item;
}

describe("the table of workloads", () => {
  it("tells an entry when it changes, with a revision that grows over restarts", () => {
    const table = new WorkloadTable(undefined, 1_000);
    const first = table.look(status(), 1);
    const item = only(first);
    assert.ok(item?.kind === "workload");
    assert.equal(item.image, "shop:1");
    assert.equal(item.rev, 1_001);
    assert.equal(table.look(status(), 2), undefined);
    const sealed = only(table.look(status({ mode: "detect" }), 3));
    assert.ok(sealed?.kind === "workload" && sealed.rev === 1_002);
    const again = new WorkloadTable(first?.marks?.[WorkloadTable.mark], 5);
    const told = only(again.look(status(), 6));
    assert.ok(told?.kind === "workload" && told.rev === 1_002);
  });

  it("does not tell each state of a workload that learns, and counts only now and then", () => {
    const table = new WorkloadTable(undefined, 0);
    table.look(status(), 0);
    const changed = status({ state: "cd".repeat(32) });
    assert.equal(table.look(changed, STATE_MS - 1), undefined);
    assert.equal(only(table.look(changed, STATE_MS))?.kind, "workload");
    const counts = { ...changed.counts, events: 2 };
    assert.equal(table.look({ ...changed, counts }, STATE_MS + COUNTS_MS - 1), undefined);
    const item = only(table.look({ ...changed, counts }, STATE_MS + COUNTS_MS));
    assert.ok(item?.kind === "counts" && item.counts.events === 2);
    assert.equal(table.look({ ...changed, counts }, 10 * COUNTS_MS), undefined);
  });

  it("tells what has changed, though somebody has set the clock back", () => {
    const table = new WorkloadTable(undefined, 0);
    table.look(status(), 1e12);
    const changed = status({ state: "cd".repeat(32) });
    assert.equal(only(table.look(changed, 1e12 - 3_600_000))?.kind, "workload");
  });

  it("has a digest of what was told, as the fleet makes it, and says what is all of it", () => {
    const table = new WorkloadTable(undefined, 0);
    table.look(status(), 0);
    table.look(status({ id: "other", state: "" }), 0);
    const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
    const rows = [
      { run: "other", state: "" },
      { run: status().id, state: STATE },
    ];
    assert.equal(table.states(), statesDigest(rows, sha256));
    const whole = table.whole([status(), status({ id: "other" })], 9).map((entry) => only(entry));
    const last = whole.at(-1);
    assert.ok(last?.kind === "table");
    assert.deepEqual([...last.runs].sort(), [status().id, "other"].sort());
    assert.equal(last.rev, table.rev);
    const ending = { status: "ended", ended: 8, outcome: "status 0" } as const;
    const end = only(table.end("other", ending, status({ id: "other" }), 10));
    assert.ok(end?.kind === "workload" && end.status === "ended" && end.outcome === "status 0");
    assert.equal(table.size, 1);
    assert.equal(table.states(), statesDigest(rows.slice(1), sha256));
  });
});

describe("the key of a host", () => {
  it("signs as the bus verifies", () => {
    const key = newHostKey();
    const again = hostKey(key.seed);
    assert.equal(again.publicKey, key.publicKey);
    const signature = Buffer.from(again.sign("a nonce"), "base64url");
    assert.ok(fromPublic(key.publicKey).verify(Buffer.from("a nonce"), signature));
    assert.throws(() => hostKey("SAnothing"), /no key of a host|checksum|seed/i);
  });

  it("has credentials of which it knows how long they are good", () => {
    const payload = Buffer.from(JSON.stringify({ iat: 1, exp: 5 })).toString("base64url");
    assert.deepEqual(credentialTimes(`x.${payload}.y`), { issued: 1_000, expires: 5_000 });
    assert.deepEqual(credentialTimes("nonsense"), { issued: 0, expires: 0 });
  });

  it("renews them while they are good, and not all the time when its clock is wrong", () => {
    const times = { issued: 1e12, expires: 1e12 + 86_400_000 };
    assert.equal(renewalIn(times, 0.5, 1e12 + 3_600_000), 11 * 3_600_000);
    assert.equal(renewalIn(times, 0.5, 1e12 + 50_000_000), 1_000);
    assert.equal(renewalIn(times, 0.5, "just issued"), 43_200_000);
    assert.equal(renewalIn(times, 0.5, 5), 43_200_000, "a clock of 1970");
  });
});

describe("what a host keeps of its membership", () => {
  function files(t: TestContext): MembershipFiles {
    const folder = mkdtempSync(join(tmpdir(), "galgo-member-"));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    return new MembershipFiles(join(folder, "fleet"));
  }
  const membership: Membership = {
    host: "abcdefghijklmnopqrst",
    name: "web-1",
    fleet: "f",
    url: "https://fleet:8443/",
    servers: ["tls://fleet:4222"],
    labels: { site: "north" },
    commandKeys: ["PEM"],
    joined: 1,
  };

  it("is for its user alone", (t) => {
    const kept = files(t);
    assert.equal(kept.read(), undefined);
    const key = newHostKey();
    kept.write(membership, { key, jwt: "a.b.c", ca: "PEM" });
    assert.deepEqual(kept.read(), membership);
    assert.equal(kept.key().publicKey, key.publicKey);
    kept.renew("d.e.f");
    assert.equal(kept.jwt(), "d.e.f");
    for (const name of readdirSync(kept.folder))
      assert.equal(statSync(join(kept.folder, name)).mode & 0o077, 0, name);
    assert.equal(statSync(kept.folder).mode & 0o077, 0);
  });

  it("is gone from one moment to the next, and leaves nothing to another one", (t) => {
    const kept = files(t);
    const parts = { key: newHostKey(), jwt: "a.b.c", ca: "PEM" };
    kept.write(membership, parts);
    assert.equal(kept.waiting(), 0);
    mkdirSync(join(kept.folder, "spool"));
    writeFileSync(join(kept.folder, "spool", "000000000000001-vital.parcel"), "{}\n");
    writeFileSync(join(kept.folder, "spool", "000000000000002-bulk.parcel.gone"), "{}\n");
    assert.equal(kept.waiting(), 1);
    writeFileSync(join(kept.folder, "begun.jsonl"), "{}\n");
    assert.equal(kept.waiting(), 2);
    kept.forget();
    assert.equal(kept.read(), undefined);
    assert.equal(kept.isBeingLeft, true);
    kept.change(membership);
    assert.equal(
      kept.read(),
      undefined,
      "what the daemon changes meanwhile does not bring it back",
    );
    kept.recall();
    assert.deepEqual(kept.read(), membership);
    kept.forget();
    kept.prepare();
    assert.deepEqual(readdirSync(kept.folder), []);
    writeFileSync(join(kept.folder, "file"), "");
    const nowhere = new MembershipFiles(join(kept.folder, "file", "fleet"));
    assert.throws(() => nowhere.prepare(), /can not write .*ENOTDIR/);
  });

  it("says what to do when it was damaged", (t) => {
    const kept = files(t);
    kept.write(membership, { key: newHostKey(), jwt: "a.b.c", ca: "PEM" });
    writeFileSync(join(kept.folder, "membership.json"), '{"host":"../../etc"}');
    assert.throws(
      () => kept.read(),
      (error: unknown) =>
        error instanceof FleetError && /membership\.json.* leave --force/.test(error.message),
    );
    writeFileSync(join(kept.folder, "host.nk"), "nothing");
    assert.throws(() => kept.key(), /host\.nk/);
  });
});

describe("the time for explanations", () => {
  it("is a share of all time", () => {
    let now = 0;
    const budget = new WhyBudget(() => now);
    const work = (ms: number): void =>
      budget.spend(() => {
        now += ms;
      });
    assert.equal(budget.isSpent, false);
    work(WHY_BURST_MS + 100);
    assert.equal(budget.isSpent, true);
    now += 101 / WHY_SHARE;
    assert.equal(budget.isSpent, false);
    now += 1e9;
    assert.equal(budget.isSpent, false);
    work(2 * WHY_BURST_MS);
    assert.equal(budget.isSpent, true, "what was not used is not saved for ever");
  });
});
