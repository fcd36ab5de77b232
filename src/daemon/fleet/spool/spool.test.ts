// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it, type TestContext } from "node:test";
import { once } from "node:events";
import { FleetError } from "../errors.ts";
import { folderDisk } from "./disk.ts";
import type { Weight } from "./files.ts";
import { type ParcelDraft, Spool, type SpoolOptions } from "./spool.ts";

let folder: string;
/** File system of a test. */
let mounted: string | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "galgo-spool-"));
});
afterEach(() => {
  if (mounted !== undefined) assert.equal(spawnSync("umount", [mounted]).status, 0);
  mounted = undefined;
  rmSync(folder, { recursive: true, force: true });
});

function open(changes: Partial<SpoolOptions> = {}): Promise<Spool> {
  return Spool.open({
    disk: folderDisk(join(folder, "spool")),
    maxBytes: 1024 * 1024,
    maxParcels: 1_000,
    newEpoch: () => "epoch",
    ...changes,
  });
}

function draft(weight: Weight, changes: Partial<ParcelDraft> = {}): ParcelDraft {
  return {
    weight,
    kinds: { [weight]: 1 },
    payload: (seq) => Buffer.from(`parcel ${seq}`),
    ...changes,
  };
}

function textOf(spool: Spool, seq: number): string | undefined {
  const payload = spool.read(seq);
  return payload === undefined ? undefined : Buffer.from(payload).toString();
}

describe("the spool of a host", () => {
  it("keeps parcels and marks over a restart, and forgets what is committed", async () => {
    const spool = await open();
    for (const value of [1, 2, 3]) await spool.add(draft("vital", { marks: { line: value } }));
    await spool.add(draft("usual", { marks: { other: "x" } }));
    assert.equal(spool.committed([[1, 2]]), 2);
    await spool.tidy();
    await spool.add(draft("bulk", { marks: { other: null } }));

    const again = await open({ newEpoch: () => "another" });
    assert.equal(again.epoch, "epoch");
    assert.deepEqual([...again.from(0)], [3, 4, 5]);
    assert.equal(textOf(again, 3), "parcel 3");
    assert.equal(textOf(again, 1), undefined);
    assert.equal(again.mark("line"), 3);
    assert.equal(again.mark("other"), undefined);
    assert.equal(await again.add(draft("vital")), 6);
  });

  it("does not use a number twice when everything was committed before a restart", async () => {
    const spool = await open();
    await spool.add(draft("vital", { marks: { line: 7 } }));
    spool.committed([[1, 1_000_000_000]]);
    await spool.tidy();
    const again = await open();
    assert.deepEqual(again.status(), {
      ...again.status(),
      oldest: 2,
      next: 2,
      parcels: 0,
      bytes: 0,
    });
    assert.equal(again.mark("line"), 7);
  });

  it("offers what was committed again when it could not be tidied away before a kill", async () => {
    const spool = await open();
    await spool.add(draft("vital"));
    spool.committed([[1, 1]]);
    assert.deepEqual([...spool.from(0)], []);
    const again = await open();
    assert.deepEqual([...again.from(0)], [1]);
  });

  it("drops the least important ones first, the oldest of them, and counts what they held", async () => {
    const bytes = 10_000;
    const big = (weight: Weight): ParcelDraft =>
      draft(weight, { kinds: { [weight]: 2 }, payload: () => Buffer.alloc(bytes) });
    const maxBytes = 5 * bytes + 1_000;
    const spool = await open({ maxBytes });
    for (const weight of ["vital", "bulk", "usual", "bulk", "vital"] as const)
      await spool.add(big(weight));
    await spool.add(big("vital"));
    assert.deepEqual([...spool.from(0)], [1, 3, 4, 5, 6]);
    await spool.add(big("vital"));
    await spool.add(big("vital"));
    assert.deepEqual([...spool.from(0)], [1, 5, 6, 7, 8]);
    await spool.add(big("bulk"));
    assert.deepEqual([...spool.from(0)], [5, 6, 7, 8, 9], "no less important one is left");
    const { dropped } = spool.status();
    assert.deepEqual(dropped, { bulk: 4, usual: 2, vital: 2 });
    assert.ok(spool.status().bytes <= maxBytes);

    // nothing of that was written down when the daemon was killed: the heads tell
    const killed = await open({ maxBytes });
    assert.deepEqual(killed.status().dropped, dropped);
    await killed.tidy();
    assert.deepEqual(
      readdirSync(join(folder, "spool")).filter((n) => n.endsWith(".gone")),
      [],
    );
    const later = await open({ maxBytes });
    assert.deepEqual(later.status().dropped, dropped, "and nothing is counted twice");
  });

  it("does not count twice when it was killed between writing its state and removing heads", async () => {
    const one = { maxParcels: 1 };
    const spool = await open(one);
    await spool.add(draft("bulk"));
    await spool.add(draft("bulk"));
    const [head = ""] = readdirSync(join(folder, "spool")).filter((n) => n.endsWith(".gone"));
    const text = folderDisk(join(folder, "spool")).read(head) ?? new Uint8Array();
    await spool.tidy();
    writeFileSync(join(folder, "spool", head), text);
    const again = await open(one);
    assert.deepEqual(again.status().dropped, { bulk: 1 });
  });

  it("begins a new epoch with what it has", async () => {
    const spool = await open();
    await spool.add(draft("vital"));
    await spool.add(draft("bulk", { marks: { line: 2 } }));
    const epochs = ["second"];
    const again = await open({ newEpoch: () => epochs.shift() ?? "none" });
    await again.renew((payload, epoch) =>
      Buffer.from(`${epoch}: ${Buffer.from(payload).toString()}`),
    );
    const third = await open();
    assert.equal(third.epoch, "second");
    assert.equal(textOf(third, 1), "second: parcel 1");
    assert.equal(third.mark("line"), 2);
  });

  it("says so when its files were damaged", async () => {
    mkdirSync(join(folder, "spool"), { recursive: true });
    writeFileSync(join(folder, "spool", "spool.json"), "{");
    await assert.rejects(
      open(),
      (error: unknown) =>
        error instanceof FleetError && /spool\.json .* damaged/.test(error.message),
    );
  });

  it("has every parcel that it said it had when its process is killed at any moment", async (t) => {
    for (let round = 0, last = 0; round < 3; round += 1) last = await killedWriter(t, last);
  });

  it("drops for what is more important when the disk is full, and loses no mark of what it could not take", async (t) => {
    const disk = join(folder, "disk");
    mkdirSync(disk);
    const mount = spawnSync("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", disk]);
    if (mount.status !== 0) {
      t.skip(`no file system can be mounted here: ${String(mount.stderr)}`);
      return;
    }
    mounted = disk;
    const bytes = 20_000;
    const filled = (weight: Weight, value: number): ParcelDraft =>
      draft(weight, { marks: { [weight]: value }, payload: () => Buffer.alloc(bytes, 1) });
    const spool = await open({ disk: folderDisk(join(disk, "spool")) });
    const full = async (weight: Weight): Promise<number> => {
      for (let value = 1; ; value += 1) {
        try {
          await spool.add(filled(weight, value));
        } catch (error) {
          assert.ok(error instanceof FleetError && error.code === "FULL", String(error));
          return value;
        }
      }
    };
    const bulk = await full("bulk");
    assert.ok(bulk > 5, `${bulk} parcels`);
    assert.equal(spool.mark("bulk"), bulk - 1);
    const vital = await full("vital");
    assert.equal(spool.mark("vital"), vital - 1);
    assert.deepEqual(spool.status().dropped, { bulk: bulk - 1 });
    // the database has some of them: there is room again, though there is none for a word about it
    assert.equal(spool.committed([[1, bulk + 2]]), 3);
    await spool.tidy();
    for (const value of [vital, vital + 1]) await spool.add(filled("vital", value));
    const again = await open({ disk: folderDisk(join(disk, "spool")) });
    assert.deepEqual(again.status(), spool.status());
    assert.deepEqual(again.status().dropped, { bulk: bulk - 1 });
    assert.equal(again.mark("vital"), vital + 1);
  });
});

const WRITER = `
import { Spool } from ${JSON.stringify(import.meta.resolve("./spool.ts"))};
import { folderDisk } from ${JSON.stringify(import.meta.resolve("./disk.ts"))};
const [folder] = process.argv.slice(1);
const spool = await Spool.open({ disk: folderDisk(folder), maxBytes: 1e6, maxParcels: 1e4, newEpoch: () => "e" });
for (;;) {
  const seq = await spool.add({ weight: "vital", kinds: {}, marks: { line: spool.next }, payload: (n) => Buffer.from("parcel " + n) });
  process.stdout.write(seq + "\\n");
  if (seq % 7 === 0) { spool.committed([[1, seq - 3]]); await spool.tidy(); }
}
`;

/** Kills a process that writes parcels. @returns number of the last one it had said to have */
async function killedWriter(t: TestContext, before: number): Promise<number> {
  const path = join(folder, "spool");
  const args = ["--import", import.meta.resolve("tsx"), "--input-type=module", "-e", WRITER, path];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => child.kill("SIGKILL"));
  let said = "";
  for await (const piece of child.stdout.setEncoding("utf8") as AsyncIterable<string>) {
    said += piece;
    if (said.split("\n").length > 20) child.kill("SIGKILL");
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  assert.equal(child.signalCode, "SIGKILL");
  const last = Number(said.trimEnd().split("\n").at(-1));
  assert.ok(last > before);
  const spool = await open();
  assert.ok(existsSync(path));
  const kept = [...spool.from(0)];
  assert.ok(spool.next > last);
  assert.equal(spool.mark("line"), spool.next - 1);
  assert.deepEqual(
    kept,
    Array.from({ length: kept.length }, (_, at) => spool.next - kept.length + at),
    "none is missing between those that are kept",
  );
  for (const seq of kept) assert.equal(textOf(spool, seq), `parcel ${seq}`);
  return last;
}
