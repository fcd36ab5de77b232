// SPDX-License-Identifier: Apache-2.0
// Records as the programs write them, and records that do not add up.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  areaOf,
  NOWHERE,
  recordBytes,
  type WrittenObject,
  type WrittenRecord,
} from "../../../test/helpers/bpf-record.ts";
import { Unseen } from "../file/unseen.ts";
import { BpfSensorError } from "./errors.ts";
import { ObjectState, PATH, PathFlag, RECORD, RecordFlag, WHO } from "./layout.gen.ts";
import { RecordView } from "./record.ts";

const FILE: WrittenObject = { inode: 99n, generation: 5, name: "b.txt" };
const OPEN: WrittenRecord = {
  hook: "file_open",
  args: [0x8000],
  objects: [FILE],
  areas: [areaOf("/a/b.txt")],
};

function view(record: WrittenRecord): RecordView {
  const bytes = recordBytes(record);
  // not at the beginning of the ring, as most of them
  const ring = Buffer.concat([Buffer.alloc(24, 0xee), bytes, Buffer.alloc(16, 0xee)]);
  return new RecordView(ring, 24, bytes.length);
}

function changed(record: WrittenRecord, change: (bytes: Buffer) => void): () => RecordView {
  const bytes = recordBytes(record);
  change(bytes);
  return () => new RecordView(bytes, 0, bytes.length);
}

const BAD = { code: "BAD_RECORD" };

describe("a record", () => {
  it("says who, what and where", () => {
    const seen = view({ ...OPEN, identity: 6, rootInode: 12n, comm: "cat", flags: 17 });
    assert.equal(seen.head.hook, "file_open");
    assert.equal(seen.head.flags, 17);
    assert.deepEqual(
      [seen.head.slot, seen.head.serial, seen.head.tid, seen.head.tgid],
      [1, 7, 321, 320],
    );
    assert.equal(Buffer.from(seen.head.key.buffer).toString(), "0123456789abcdef");
    assert.equal(seen.who.identity, 6);
    assert.equal(seen.who.coe.capeff, 0x1ffffffffffn);
    assert.equal(seen.who.rootInode, 12n);
    assert.equal(seen.comm.toString(), "cat");
    assert.equal(seen.u32(0), 0x8000);
    assert.equal(seen.pathname(0), "/a/b.txt");
    const [object] = seen.objects;
    assert.equal(object?.inode, 99n);
    assert.equal(object?.generation, 5);
    assert.equal(object?.mode, 0o100644);
    assert.equal(object?.dev, (254 << 20) | 1);
    assert.equal(object?.magic, 0xef53);
    assert.equal(object?.name.toString(), "b.txt");
    assert.equal(object?.content, undefined);
  });

  it("finds the second object behind everything that the first one may have", () => {
    const first: WrittenObject = {
      inode: 7n,
      owner: 4,
      instance: 3,
      content: { ctime: 1_700_000_000n, ctimeNsec: 999_999_999, size: 12n, clock: 5 },
      directory: { uid: 1, gid: 2, mode: 0o41777 },
      levels: [[], ["mnt", "deep"]],
      names: ["x", "a longer name than a word has bytes"],
    };
    const seen = view({
      hook: "inode_rename",
      args: [1],
      objects: [first, { name: "new", directory: { uid: 8, gid: 9, mode: 0o40755 } }],
      areas: [areaOf("/t/x"), areaOf("/u/new")],
    });
    const [a, b] = seen.objects;
    assert.deepEqual([a?.owner, a?.instance], [4, 3]);
    assert.deepEqual(a?.content, {
      inode: 7n,
      generation: 0,
      ctimeSeconds: 1_700_000_000n,
      ctimeNanoseconds: 999_999_999,
      size: 12n,
      clock: 5,
    });
    assert.deepEqual(a?.directory, { uid: 1, gid: 2, mode: 0o41777 });
    assert.equal(a?.name.toString(), "x");
    assert.equal(b?.name.toString(), "new");
    assert.ok(((b?.state ?? 0) & ObjectState.negative) !== 0);
    assert.deepEqual(b?.directory, { uid: 8, gid: 9, mode: 0o40755 });
    assert.deepEqual([seen.pathname(0), seen.pathname(1)], ["/t/x", "/u/new"]);
  });

  it("has short texts in the description and long ones behind it", () => {
    const short = view({ hook: "socket_connect", args: [1, 0], text: Buffer.from([1, 0, 47, 97]) });
    assert.deepEqual([...short.text], [1, 0, 47, 97]);
    const target = "t".repeat(3000);
    const link = { ...FILE, name: "l" };
    const long = view({
      hook: "inode_symlink",
      objects: [link],
      text: target.slice(0, 255),
      areas: [areaOf("/l"), { text: target }],
    });
    assert.equal(long.text.toString(), target);
    const none = view({ hook: "kernel_module_request", text: "net", areas: [{}, { text: "net" }] });
    assert.equal(none.text.toString(), "net");
    const both = view({
      hook: "inode_setxattr",
      args: [0, 1],
      objects: [FILE],
      text: "v",
      more: "user.a",
      areas: [areaOf("/f")],
    });
    assert.deepEqual([both.text.toString(), both.more.toString()], ["v", "user.a"]);
  });

  it("may be about no object", () => {
    const seen = view({ hook: "mmap_file", args: [0, 4, 34], objects: [{ absent: true }] });
    assert.ok(((seen.object(0).state ?? 0) & ObjectState.absent) !== 0);
    assert.throws(() => seen.pathname(0), BAD);
    assert.throws(() => seen.object(1), BAD);
    assert.throws(() => seen.arg(3), BAD);
  });
});

describe("a path", () => {
  const named = (object: WrittenObject, area: WrittenRecord["areas"]): string =>
    view({ ...OPEN, objects: [object], areas: area ?? [] }).pathname(0);

  it("is spelled as the kernel does", () => {
    assert.equal(named(FILE, [areaOf("/")]), "/");
    assert.equal(named(FILE, [areaOf("/a/b", PathFlag.unlinked)]), "/a/b (deleted)");
    assert.equal(named(FILE, [areaOf("/a", PathFlag.unreachable)]), "(unreachable)/a");
    assert.equal(named({ ...FILE, name: "/" }, [NOWHERE]), "(unreachable)/");
  });

  it("keeps bytes that are not UTF-8", () => {
    const area = { components: ["é", Buffer.from([0x61, 0xff])] };
    assert.equal(named(FILE, [area]), "/é/a\udcff");
  });

  it("names what lies in no directory", () => {
    assert.equal(named({ inode: 12n, magic: 0x50495045 }, [NOWHERE]), "pipe:[12]");
    assert.equal(named({ inode: 13n, magic: 0x534f434b }, [NOWHERE]), "socket:[13]");
    assert.equal(named({ inode: 14n, magic: 0x6e736673 }, [NOWHERE]), "nsfs:[14]");
    const anonymous = { inode: 3n, magic: 0x09041934, names: ["[eventpoll]"] };
    assert.equal(named(anonymous, [NOWHERE]), "anon_inode:[eventpoll]");
    assert.equal(named({ ...anonymous, magic: 0x50494446 }, [NOWHERE]), "anon_inode:[pidfd]");
    const memory = { inode: 4n, magic: 0x01021994, name: "memfd:code" };
    assert.equal(named(memory, [NOWHERE]), "/memfd:code (deleted)");
  });

  it("that did not fit is not told", () => {
    assert.throws(() => named(FILE, [areaOf("/a", PathFlag.truncated)]), {
      name: "Unseen",
      reason: "path-too-long",
    });
  });
});

describe("a record that is not whole", () => {
  it("is refused with a code", () => {
    const bytes = recordBytes(OPEN);
    assert.throws(() => new RecordView(bytes, 0, RECORD.bytes - 1), BAD);
    assert.throws(() => new RecordView(bytes, 0, bytes.length + 8), BAD);
    assert.throws(() => new RecordView(bytes, 0, bytes.length - 8), BAD);
    assert.throws(
      changed(OPEN, (b) => b.writeUInt32LE(3, RECORD.at.paths)),
      BAD,
    );
    assert.throws(
      changed(OPEN, (b) => b.writeUInt16LE(999, RECORD.at.hook)),
      BAD,
    );
    assert.throws(
      changed(OPEN, (b) => b.writeUInt16LE(1, RECORD.at.hook)),
      BAD,
    );
    assert.throws(
      changed(OPEN, (b) => b.writeUInt32LE(193, RECORD.at.words)),
      BAD,
    );
    assert.throws(
      changed(OPEN, (b) => b.writeUInt32LE(11, RECORD.at.words)),
      BAD,
    );
    assert.throws(
      changed(OPEN, (b) => b.writeUInt32LE(17, RECORD.at.words)),
      BAD,
    );
    const path = changed(OPEN, (b) => b.writeUInt32LE(PATH.bytes, RECORD.bytes + PATH.at.length));
    assert.throws(() => path().pathname(0), BAD);
    const what = RECORD.at.description + WHO.bytes;
    assert.throws(
      changed(OPEN, (b) => b.writeUInt8(200, what + 1)),
      BAD,
    );
    assert.throws(
      changed(OPEN, (b) => b.writeUInt8(3, what + 2)),
      BAD,
    );
  });

  it("is told as such by the programs when it was too long", () => {
    assert.throws(() => view({ ...OPEN, flags: RecordFlag.truncated }), {
      name: "Unseen",
      reason: "description-too-long",
    });
  });

  it("gives an error and nothing else whatever bytes it has", () => {
    let state = 12345;
    const random = (below: number): number => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    const walked = { ...FILE, names: ["b.txt", "a"], levels: [["m"]] };
    let refused = 0;
    for (let round = 0; round < 3000; round++) {
      const bytes = recordBytes({ ...OPEN, objects: [walked] });
      for (let i = 0; i <= random(4); i++) bytes[random(RECORD.at.extra)] = random(256);
      try {
        const seen = new RecordView(bytes, 0, bytes.length);
        seen.pathname(0);
        assert.ok(seen.text.length <= bytes.length);
      } catch (error) {
        assert.ok(error instanceof BpfSensorError || error instanceof Unseen, String(error));
        refused++;
      }
    }
    assert.ok(refused > 0 && refused < 3000);
  });
});
