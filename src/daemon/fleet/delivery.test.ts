// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { inflateSync } from "node:zlib";
import {
  type Item,
  MAX_WORDS,
  type NoticeItem,
  type Parcel,
  readParcel,
} from "../../wire/link/index.ts";
import { Delivery } from "./delivery.ts";
import { FleetError } from "./errors.ts";
import { COMMIT_MS, MAX_PARCEL_BYTES, MAX_WAITING_BYTES, WINDOW_PARCELS } from "./limits.ts";
import { Outbox } from "./outbox.ts";
import { droppedEntry, newEpoch, parcelWriter, underEpoch } from "./parcels.ts";
import type { SpoolDisk } from "./spool/disk.ts";
import { Spool } from "./spool/spool.ts";
import { Uplink, type UplinkWire } from "./spool/uplink.ts";

const HOST = "abcdefghijklmnopqrst";

/** A disk that may be full. */
class MemoryDisk implements SpoolDisk {
  readonly files = new Map<string, Uint8Array>();
  full = false;

  list(): readonly { name: string; bytes: number }[] {
    return [...this.files].map(([name, content]) => ({ name, bytes: content.length }));
  }
  read(name: string): Uint8Array | undefined {
    return this.files.get(name);
  }
  write(name: string, content: Uint8Array): Promise<void> {
    if (this.full) return Promise.reject(Object.assign(new Error("full"), { code: "ENOSPC" }));
    this.files.set(name, content);
    return Promise.resolve();
  }
  cut(name: string, bytes: number, newName: string): void {
    this.files.set(newName, (this.files.get(name) ?? new Uint8Array()).subarray(0, bytes));
    this.files.delete(name);
  }
  remove(name: string): void {
    this.files.delete(name);
  }
}

function openSpool(disk: SpoolDisk = new MemoryDisk(), maxParcels = 10_000): Promise<Spool> {
  return Spool.open({ disk, maxBytes: 1e8, maxParcels, newEpoch: () => newEpoch(1) });
}

function outboxOf(spool: Spool, tooLong: Item[] = []): Outbox<Item> {
  const encode = parcelWriter(
    HOST,
    () => spool.epoch,
    () => 5,
  );
  return new Outbox({ spool, encode, onTooLong: (item) => tooLong.push(item) });
}

function notice(words: string): NoticeItem {
  return { kind: "notice", at: 1, level: "info", words };
}

function parcelOf(payload: Uint8Array | undefined): Parcel {
  return readParcel(payload ?? new Uint8Array(), HOST, (bytes) => inflateSync(bytes));
}

/** A fleet that can be deaf, and a database that has what arrived. */
class Fleet implements UplinkWire {
  readonly database = new Set<number>();
  readonly arrived: number[] = [];
  deaf = false;
  silent = false;

  publish(seq: number): void {
    if (this.deaf) return;
    this.arrived.push(seq);
    this.database.add(seq);
  }
  askCommitted(_epoch: string, from: number, to: number): Promise<{ ranges: [number, number][] }> {
    if (this.silent) return Promise.reject(new Error("nobody answers"));
    const seqs = [...this.database].filter((seq) => seq >= from && seq <= to);
    return Promise.resolve({ ranges: seqs.map((seq): [number, number] => [seq, seq]) });
  }
}

async function filled(count: number): Promise<Spool> {
  const spool = await openSpool();
  for (let at = 0; at < count; at += 1)
    await spool.add({ weight: "vital", kinds: {}, payload: (seq) => Buffer.from(`${seq}`) });
  return spool;
}

const noRenewal = (): Promise<void> => Promise.reject(new Error("nothing is to be renewed"));

describe("the outbox of a host", () => {
  it("makes parcels that the fleet can read, the vital ones first, as large as may be", async () => {
    const spool = await openSpool();
    const outbox = outboxOf(spool);
    outbox.put({ items: [notice("later")], weight: "bulk" }, 0);
    const many = Math.ceil((2.5 * MAX_PARCEL_BYTES) / MAX_WORDS);
    for (let at = 0; at < many; at += 1) {
      const marks = { place: at };
      outbox.put(
        { items: [notice(`${at} ${"x".repeat(MAX_WORDS - 20)}`)], weight: "vital", marks },
        0,
      );
    }
    await outbox.flush();
    const parcels = [...spool.from(0)].map((seq) => parcelOf(spool.read(seq)));
    assert.equal(parcels.length, 4);
    const words = parcels.flatMap(({ items }) =>
      items.map((item) => (item.kind === "notice" ? item.words.split(" ")[0] : "")),
    );
    assert.deepEqual(words, [...Array.from({ length: many }, (_, at) => `${at}`), "later"]);
    assert.equal(spool.mark("place"), many - 1);
    assert.equal(outbox.waiting, 0);
  });

  it("hurries with what is urgent, and takes its time with the rest", async () => {
    const outbox = outboxOf(await openSpool());
    outbox.put({ items: [notice("a")], weight: "bulk" }, 1_000);
    const usual = outbox.dueAt;
    outbox.put({ items: [notice("b")], weight: "bulk", urgent: true }, 1_000);
    assert.ok(outbox.dueAt < usual, `${outbox.dueAt} ${usual}`);
  });

  it("leaves out what is longer than any parcel, says so, and remembers that it was read", async () => {
    const spool = await openSpool();
    const tooLong: Item[] = [];
    const outbox = outboxOf(spool, tooLong);
    const long = notice("x".repeat(MAX_PARCEL_BYTES));
    outbox.put({ items: [long], weight: "vital", marks: { place: 1 } }, 0);
    outbox.put({ items: [notice("short")], weight: "vital" }, 0);
    await outbox.flush();
    assert.deepEqual(tooLong, [long]);
    assert.equal(spool.mark("place"), 1);
    assert.equal(parcelOf(spool.read(1)).items.length, 1);
  });

  it("has its sources wait when what is not on the disk yet is much", async () => {
    const outbox = outboxOf(await openSpool());
    const long = notice("x".repeat(MAX_PARCEL_BYTES - 1_000));
    for (let at = 0; !outbox.full; at += 1) {
      outbox.put({ items: [long], weight: "vital" }, 0);
      assert.ok(at * MAX_PARCEL_BYTES <= MAX_WAITING_BYTES);
    }
    await outbox.flush();
    assert.equal(outbox.full, false);
  });

  it("keeps what a full disk does not take, with its marks, until there is room", async () => {
    const disk = new MemoryDisk();
    const spool = await openSpool(disk);
    const outbox = outboxOf(spool);
    disk.full = true;
    outbox.put({ items: [notice("a")], weight: "vital", marks: { place: 1 } }, 0);
    await assert.rejects(
      outbox.flush(),
      (error: unknown) => error instanceof FleetError && error.code === "FULL",
    );
    assert.equal(spool.mark("place"), undefined);
    disk.full = false;
    await outbox.flush();
    assert.equal(spool.mark("place"), 1);
    assert.equal(parcelOf(spool.read(1)).items.length, 1);
  });

  it("tells the fleet what was dropped, each time once", async () => {
    const spool = await openSpool(new MemoryDisk(), 2);
    const outbox = outboxOf(spool);
    const put = async (words: string): Promise<void> => {
      outbox.put({ items: [notice(words)], weight: "bulk" }, 0);
      await outbox.flush();
    };
    for (const words of ["a", "b", "c", "d"]) await put(words);
    const entry = droppedEntry(spool, 9);
    assert.ok(entry !== undefined);
    const [item] = entry.items;
    assert.deepEqual(item?.kind === "notice" && item.dropped, { notice: 2 });
    outbox.put(entry, 0);
    await outbox.flush();
    // to make room for that word one more went
    const more = droppedEntry(spool, 9)?.items[0];
    assert.match(more?.kind === "notice" ? more.words : "", /is 1 notice /);
  });

  it("puts a parcel under another epoch with all that it says", async () => {
    const spool = await openSpool();
    const outbox = outboxOf(spool);
    outbox.put({ items: [notice("a")], weight: "vital" }, 0);
    await outbox.flush();
    const before = parcelOf(spool.read(1));
    const epoch = newEpoch(2);
    await spool.renew((payload, name) => underEpoch(HOST, payload, name));
    assert.notEqual(epoch, spool.epoch);
    assert.deepEqual(parcelOf(spool.read(1)), { ...before, epoch: spool.epoch });
  });
});

describe("the uplink of a spool", () => {
  it("sends in order, not more than a window at a time, and goes on as it is committed", async () => {
    const spool = await filled(WINDOW_PARCELS + 10);
    const fleet = new Fleet();
    const uplink = new Uplink(spool, fleet, noRenewal);
    await uplink.online(0);
    assert.equal(fleet.arrived.length, WINDOW_PARCELS);
    uplink.committed(spool.epoch, [[1, 20]], 1);
    assert.equal(fleet.arrived.length, WINDOW_PARCELS + 10);
    assert.deepEqual(
      fleet.arrived,
      Array.from({ length: WINDOW_PARCELS + 10 }, (_, at) => at + 1),
    );
    uplink.committed("another", [[1, 1_000]], 1);
    assert.equal(spool.size, WINDOW_PARCELS - 10);
  });

  it("asks about what is not committed in time, and sends again what the database has not", async () => {
    const spool = await filled(3);
    const fleet = new Fleet();
    const uplink = new Uplink(spool, fleet, noRenewal);
    await uplink.online(0);
    fleet.database.delete(2);
    await uplink.tick(COMMIT_MS - 1);
    assert.deepEqual(fleet.arrived, [1, 2, 3]);
    await uplink.tick(COMMIT_MS);
    assert.deepEqual([...spool.from(0)], [2]);
    assert.deepEqual(fleet.arrived, [1, 2, 3, 2]);
  });

  it("sends again when nobody answers, less and less often", async () => {
    const spool = await filled(1);
    const fleet = new Fleet();
    fleet.silent = true;
    const uplink = new Uplink(spool, fleet, noRenewal);
    await uplink.online(0);
    for (let now = 0; now <= 6 * COMMIT_MS; now += 1_000) await uplink.tick(now);
    assert.deepEqual(fleet.arrived, [1, 1, 1]);
  });

  it("does not send again over a new connection what the database has", async () => {
    const spool = await filled(2);
    const fleet = new Fleet();
    const uplink = new Uplink(spool, fleet, noRenewal);
    await uplink.online(0);
    uplink.offline();
    await spool.add({ weight: "vital", kinds: {}, payload: () => Buffer.from("3") });
    uplink.pump(1);
    assert.deepEqual(fleet.arrived, [1, 2], "not without a connection");
    await uplink.online(2);
    assert.deepEqual(fleet.arrived, [1, 2, 3]);
  });

  it("asks again over a new connection only when there is something to send", async () => {
    const spool = await filled(1);
    const fleet = new Fleet();
    let asked = 0;
    const answer = fleet.askCommitted.bind(fleet);
    fleet.askCommitted = (epoch, from, to) => {
      asked += 1;
      return answer(epoch, from, to);
    };
    const [uplink, counts] = [new Uplink(spool, fleet, noRenewal), [] as number[]];
    for (let at = 0; at < 4; at += 1) {
      if (at === 3) await spool.add({ weight: "vital", kinds: {}, payload: () => Buffer.of(2) });
      await uplink.online(at);
      counts.push(asked);
      uplink.offline();
    }
    assert.deepEqual(counts, [1, 2, 2, 3]);
    assert.deepEqual(fleet.arrived, [1, 2]);
  });

  it("believes nobody who says that the database has what was never sent", async () => {
    const spool = await filled(WINDOW_PARCELS + 10);
    const uplink = new Uplink(spool, new Fleet(), noRenewal);
    await spool.add({ weight: "vital", kinds: {}, payload: () => Buffer.from("new") });
    await uplink.online(0);
    uplink.committed(spool.epoch, [[1, 1_000_000]], 1);
    assert.deepEqual([...spool.from(0)], [WINDOW_PARCELS + 11]);
  });

  it("notices that it is a copy of an older one, however much it has put in meanwhile", async () => {
    const spool = await filled(2);
    const fleet = new Fleet();
    fleet.database.add(3);
    let renewed = 0;
    const uplink = new Uplink(spool, fleet, async () => {
      renewed += 1;
      await spool.renew((payload) => payload);
      fleet.database.clear();
    });
    for (let at = 0; at < 5; at += 1)
      await spool.add({ weight: "vital", kinds: {}, payload: () => Buffer.from("new") });
    await uplink.online(0);
    assert.equal(renewed, 1);
    assert.deepEqual(fleet.arrived, [1, 2, 3, 4, 5, 6, 7]);
    await uplink.tick(COMMIT_MS);
    assert.equal(renewed, 1);
    assert.equal(spool.size, 0);
  });

  it("is no copy when what it had to drop will never come", async () => {
    const spool = await openSpool(new MemoryDisk(), 2);
    const fleet = new Fleet();
    const uplink = new Uplink(spool, fleet, noRenewal);
    for (let at = 0; at < 5; at += 1)
      await spool.add({ weight: "bulk", kinds: {}, payload: () => Buffer.from("new") });
    for (const seq of [1, 2, 3]) fleet.database.add(seq);
    const asked = fleet.askCommitted.bind(fleet);
    fleet.askCommitted = (epoch, _, to) => asked(epoch, 1, to);
    await uplink.online(0);
    assert.deepEqual(fleet.arrived, [4, 5]);
  });

  it("notices that it is a copy of an older one", async () => {
    const spool = await filled(2);
    const fleet = new Fleet();
    fleet.database.add(7);
    let renewed = 0;
    const uplink = new Uplink(spool, fleet, async () => {
      renewed += 1;
      await spool.renew((payload) => payload);
    });
    await uplink.online(0);
    assert.equal(renewed, 1);
    assert.deepEqual(fleet.arrived, [1, 2]);
  });
});

describe("the delivery of a host", () => {
  it("sends what is new though somebody has set the clock back", async () => {
    const spool = await openSpool();
    let now = 1e12;
    let sent: () => void = () => undefined;
    const arrived = new Promise<void>((resolve) => {
      sent = resolve;
    });
    const wire = new Fleet();
    wire.publish = () => sent();
    const delivery = new Delivery({
      ...{ host: HOST, spool, wire, now: () => now, look: () => false },
      ...{ onKept: () => undefined, onTrouble: () => undefined },
    });
    await delivery.online();
    delivery.put({ items: [notice("new")], weight: "vital", urgent: true });
    now = 1;
    delivery.start();
    await arrived;
    delivery.offline();
    await delivery.close();
  });

  it("says once what it had to drop, however long the disk takes nothing", async () => {
    const disk = new MemoryDisk();
    const spool = await openSpool(disk, 2);
    for (let at = 0; at < 4; at += 1)
      await spool.add({ weight: "bulk", kinds: { counts: 1 }, payload: () => Buffer.from("x") });
    disk.full = true;
    let looks = 0;
    const delivery = new Delivery({
      ...{ host: HOST, spool, wire: new Fleet(), now: () => 5, onKept: () => undefined },
      onTrouble: () => undefined,
      look: () => {
        looks += 1;
        disk.full = looks < 5;
        return looks < 5;
      },
    });
    await delivery.close();
    const [last] = [...spool.from(0)].slice(-1);
    // to make room for that word one more went
    assert.ok(parcelOf(spool.read(last ?? 0)).items.length <= 2);
  });

  it("leaves out what the fleet would not take, says so, and keeps the rest", async () => {
    const spool = await openSpool();
    const troubles: string[] = [];
    let kept = 0;
    const delivery = new Delivery({
      host: HOST,
      spool,
      wire: new Fleet(),
      now: () => 5,
      look: () => false,
      onKept: () => {
        kept += 1;
      },
      onTrouble: (text) => troubles.push(text),
    });
    await delivery.report([notice("good"), { ...notice("bad"), at: -1 }]);
    const words = parcelOf(spool.read(1)).items.map((item) => item.kind === "notice" && item.words);
    assert.deepEqual(words, ["good", troubles[0]]);
    assert.match(troubles[0] ?? "", /not told of a notice: its at/);
    assert.equal(kept, 1);
    await delivery.close();
  });
});
