// SPDX-License-Identifier: Apache-2.0
// Contents of files that a task is about to use: this process stands for the task.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  appendFileSync,
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { areaOf, recordBytes } from "../../../test/helpers/bpf-record.ts";
import { sys } from "../../native/syscalls.ffi.ts";
import { filesystemOf, isSettled, type Stat, statFd } from "../file/stat.ts";
import { HeldContents } from "./held-file.ts";
import { ObjectState } from "./layout.gen.ts";
import type { FoundDigest } from "./objects.ts";
import { RecordView } from "./record.ts";

// there on every machine; records say that it is one whose change times can be trusted
const EXT = 0xef53;
const TMPFS = 0x01021994;
const folder = mkdtempSync("/dev/shm/galgo-held-");
after(() => rmSync(folder, { recursive: true }));

const EMPTY = createHash("sha256").digest("hex");
const sha256 = (content: string | Buffer): string =>
  createHash("sha256").update(content).digest("hex");
const contents = (): HeldContents =>
  new HeldContents("sha256", EMPTY, { progress: () => undefined, kept: new Map() });

interface Held {
  readonly stat: Stat;
  readonly magic: number;
}

function lookAt(path: string): Held {
  const fd = openSync(path, "r");
  const stat = statFd(fd);
  assert.ok(stat);
  const { magic } = filesystemOf(fd, stat);
  closeSync(fd);
  return { stat, magic: magic === TMPFS ? EXT : magic };
}

/** What the programs say of a file that was looked at, when a task is held that uses it by `pathname`. */
function digestOf(
  { stat, magic }: Held,
  pathname: string,
  { state = 0, from = contents(), generation = 0, mount = 1n, clock = 0 } = {},
): FoundDigest | undefined {
  const match = /:(-?\d+)\.(\d+):\d+$/.exec(stat.contentKey);
  const content = {
    ctime: BigInt(match?.[1] ?? 0),
    ctimeNsec: Number(match?.[2]),
    size: stat.size,
    clock,
  };
  const object = {
    inode: stat.ino,
    mode: stat.mode,
    magic,
    generation,
    mount,
    dev: ((stat.devMajor << 20) | stat.devMinor) >>> 0,
    content,
    state,
  };
  const bytes = recordBytes({
    hook: "file_open",
    args: [0x8000],
    objects: [object],
    areas: [areaOf(pathname)],
    tid: process.pid,
  });
  const view = new RecordView(bytes, 0, bytes.length);
  return from.digest(view, view.object(0), pathname);
}

function file(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** Waits until a change time can not be given twice. */
async function settle(path: string): Promise<void> {
  while (!isSettled(lookAt(path).stat)) await new Promise((done) => setTimeout(done, 100));
}

describe("the content of a held file", () => {
  it("is that of the file at the path of the record, in the task's root", async () => {
    const path = file("a", "first");
    assert.deepEqual(digestOf(lookAt(path), path), { digest: sha256("first"), settled: false });
    await settle(path);
    assert.deepEqual(digestOf(lookAt(path), path), { digest: sha256("first"), settled: true });
  });

  it("is not taken as settled with writers, or where change times tell nothing", async () => {
    const path = file("w", "written");
    await settle(path);
    const held = lookAt(path);
    const expected = { digest: sha256("written"), settled: false };
    assert.deepEqual(digestOf(held, path, { state: ObjectState.writers }), expected);
    assert.deepEqual(digestOf({ ...held, magic: 0x6969 }, path), expected);
    // what is written there through a mapping has no time
    assert.deepEqual(digestOf({ ...held, magic: TMPFS }, path), expected);
  });

  it("is looked up once for what the programs key alike", async () => {
    const path = file("k", "kept");
    await settle(path);
    const held = lookAt(path);
    const from = contents();
    const first = digestOf(held, path, { from });
    unlinkSync(path);
    assert.deepEqual(digestOf(held, path, { from }), first);
    assert.equal(digestOf(held, path), undefined);
  });

  it("is not that of the same numbers on another mount, or from before the clock was set", async () => {
    const path = file("n", "gone");
    await settle(path);
    const held = lookAt(path);
    const from = contents();
    assert.deepEqual(digestOf(held, path, { from })?.settled, true);
    unlinkSync(path);
    assert.notEqual(digestOf(held, path, { from }), undefined);
    assert.equal(digestOf(held, path, { from, mount: 2n }), undefined);
    assert.equal(digestOf(held, path, { from, clock: 1 }), undefined);
  });

  it("is the new one when the file was written to meanwhile, but then not that of the key", async () => {
    const path = file("m", "one");
    await settle(path);
    const held = lookAt(path);
    appendFileSync(path, " more");
    assert.deepEqual(digestOf(held, path), { digest: sha256("one more"), settled: false });
  });

  it("is not that of another file at the same path", () => {
    const path = file("o", "own");
    const held = lookAt(path);
    renameSync(file("p", "other"), path);
    assert.equal(digestOf(held, path), undefined);
    unlinkSync(path);
    symlinkSync("/etc/passwd", path);
    assert.equal(digestOf(held, path), undefined);
  });

  it("is found by the descriptors of the task when the file has no name any more", () => {
    const path = file("d", "unnamed");
    const held = lookAt(path);
    const fd = openSync(path, "r");
    unlinkSync(path);
    const found = digestOf(held, `${path} (deleted)`);
    closeSync(fd);
    assert.deepEqual(found, { digest: sha256("unnamed"), settled: false });
  });

  it("is found by a handle where files can be opened by one", (t) => {
    const path = "/bin/sh";
    const held = lookAt(path);
    const fd = openSync(path, "r");
    const version = Buffer.alloc(8);
    const known = sys().ioctl(fd, 0x80087601, version) === 0 && process.getuid?.() === 0;
    closeSync(fd);
    if (held.magic !== 0xef53 || !known) return t.skip("no file of root's on ext4 here");
    const generation = version.readUInt32LE(0);
    const found = digestOf(held, "/no/such/path", { generation });
    assert.equal(found?.digest, sha256(readFileSync(path)));
    assert.equal(digestOf(held, "/no/such/path", { generation: generation + 1 }), undefined);
  });
});
