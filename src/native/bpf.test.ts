// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import { noBpf, objectOf, privateBpffs } from "../../test/helpers/bpf-programs.ts";
import {
  BpfLink,
  CGROUP_ORDER,
  cgroupParameters,
  makeIterator,
  runProgram,
  taskParameters,
} from "./bpf-link.ffi.ts";
import { BpfMap, MAP_FLAG, MAP_TYPE, UPDATE } from "./bpf-map.ffi.ts";
import { BpfObject } from "./bpf-object.ffi.ts";
import { KernelTypes } from "./kernel-types.ffi.ts";

const skip = noBpf ?? false;
const cgroup2 = /^\S+ (\S+) cgroup2 /m.exec(readFileSync("/proc/mounts", "latin1"))?.[1];

const key = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};

function hashMap(t: TestContext): BpfMap {
  const map = BpfMap.create({
    name: "test",
    type: MAP_TYPE.HASH,
    keyBytes: 4,
    valueBytes: 8,
    maxEntries: 10,
  });
  t.after(() => {
    map.close();
  });
  return map;
}

function opened(t: TestContext): BpfObject {
  const object = BpfObject.open(objectOf("plumbing"));
  t.after(() => {
    object.close();
  });
  return object;
}

describe("BPF maps", { skip }, () => {
  it("hold elements", (t) => {
    const map = hashMap(t);
    const value = Buffer.alloc(8);
    assert.equal(map.lookup(key(1), value), false);
    assert.equal(map.update(key(1), Buffer.alloc(8, 7)), true);
    assert.equal(map.update(key(1), Buffer.alloc(8, 8), UPDATE.IF_ABSENT), false);
    assert.equal(map.update(key(2), Buffer.alloc(8, 8), UPDATE.IF_PRESENT), false);
    assert.equal(map.lookup(key(1), value), true);
    assert.deepEqual(value, Buffer.alloc(8, 7));
    assert.equal(map.nextKey(null, value), true);
    assert.deepEqual(value.subarray(0, 4), key(1));
    assert.equal(map.nextKey(key(1), value), false);
    assert.equal(map.delete(key(1)), true);
    assert.equal(map.delete(key(1)), false);
  });

  it("say what they are", (t) => {
    const map = hashMap(t);
    const { id, ...shape } = map.info;
    assert.ok(id > 0);
    assert.deepEqual(shape, {
      type: MAP_TYPE.HASH,
      keyBytes: 4,
      valueBytes: 8,
      maxEntries: 10,
      flags: 0,
      name: "test",
    });
    assert.ok(map.memoryBytes() > 0);
    const same = BpfMap.byId(id);
    assert.equal(same?.info.name, "test");
    same?.close();
  });

  it("share the memory of arrays", (t) => {
    const map = BpfMap.create({
      name: "shared",
      type: MAP_TYPE.ARRAY,
      keyBytes: 4,
      valueBytes: 8,
      maxEntries: 1000,
      flags: MAP_FLAG.MMAPABLE,
    });
    const mapping = map.mapElements();
    t.after(() => {
      mapping.close();
      map.close();
    });
    const words = new BigUint64Array(mapping.memory, 0, 1000);
    Atomics.store(words, 999, 5n);
    const value = Buffer.alloc(8);
    map.get(999, value);
    assert.equal(value.readBigUInt64LE(), 5n);
    value.writeBigUInt64LE(6n);
    map.set(3, value);
    assert.equal(Atomics.load(words, 3), 6n);
    assert.throws(() => map.get(1000, value), /element 1000 of shared failed with ENOENT/);
  });

  it("are kept and found by a pin", (t) => {
    const map = hashMap(t);
    const path = join(privateBpffs(t), "map");
    map.pin(path);
    map.update(key(4), Buffer.alloc(8, 4));
    const again = BpfMap.open(path);
    const value = Buffer.alloc(8);
    assert.equal(again.lookup(key(4), value), true);
    again.close();
    assert.throws(() => map.pin(path), /failed with EEXIST/);
    assert.throws(() => BpfMap.open(`${path}2`), /bpf_obj_get\(.*map2\) failed with ENOENT/);
  });

  it("that the kernel does not make are an error with its name", () => {
    const wanted = { name: "wrong", type: 9999, keyBytes: 4, valueBytes: 4, maxEntries: 1 };
    assert.throws(() => BpfMap.create(wanted), {
      code: "CALL_FAILED",
      message: "bpf_map_create(wrong) failed with EINVAL",
    });
  });
});

describe("BPF objects", { skip }, () => {
  it("are loaded, run and give their maps", (t) => {
    const object = opened(t);
    assert.equal(object.program("walk").section, "iter/task");
    assert.deepEqual(object.maps.map(({ name }) => name).sort(), ["numbers", "rings", "sets"]);
    object.load();
    const rings = object.map("rings").open();
    t.after(() => {
      rings.close();
    });
    assert.equal(rings.info.type, MAP_TYPE.ARRAY_OF_MAPS);
    assert.equal(rings.innerId(0), undefined);
    const ring = BpfMap.create({
      name: "ring",
      type: MAP_TYPE.RINGBUF,
      keyBytes: 0,
      valueBytes: 0,
      maxEntries: 8192,
    });
    rings.setInner(0, ring);
    assert.equal(rings.innerId(0), ring.info.id);
    const args = Buffer.alloc(32);
    args.writeUInt32LE(2, 4);
    args.writeUInt32LE(16, 8);
    assert.equal(runProgram(object.program("produce").fd, args), 0);
    assert.equal(args.readBigUInt64LE(24), 0n);
    rings.setInner(0, undefined);
    assert.equal(rings.innerId(0), undefined);
    ring.close();
  });

  it("take sizes and pins before the load", (t) => {
    const object = opened(t);
    const path = join(privateBpffs(t), "numbers");
    object.map("numbers").setMaxEntries(100);
    object.map("numbers").setPinPath(path);
    object.load();
    const map = BpfMap.open(path);
    assert.equal(map.info.maxEntries, 100);
    map.close();
  });

  it("that the verifier refuses say what it said", (t) => {
    const object = opened(t);
    object.program("refused").setAutoload(true);
    assert.throws(
      () => object.load(),
      (error: Error) => {
        assert.match(error.message, /plumbing\.bpf\.o with EACCES/);
        assert.match(error.message, /R\d invalid mem access 'map_value_or_null'/);
        assert.match(error.message, /refused/);
        return true;
      },
    );
  });

  it("that miss something in the kernel say what", (t) => {
    const object = BpfObject.open(objectOf("unresolved"));
    t.after(() => {
      object.close();
    });
    assert.throws(() => object.load(), /galgo_no_such_kfunc/);
  });

  it("that are none are an error, not text on stderr", (t) => {
    const file = join(tmpdir(), `galgo-no-object-${process.pid}`);
    t.after(() => {
      rmSync(file, { force: true });
    });
    writeFileSync(file, "no ELF");
    assert.throws(() => BpfObject.open(file), /not a proper ELF object|failed to open/);
    const object = BpfObject.open(objectOf("plumbing"));
    assert.throws(() => object.program("nothing"), { code: "NOT_THERE" });
    assert.throws(() => object.map("nothing"), { code: "NOT_THERE" });
    object.close();
  });
});

describe("BPF links", { skip }, () => {
  it("iterate over the tasks of a process", (t) => {
    const object = opened(t);
    object.load();
    const link = makeIterator(object.program("walk").fd, taskParameters({ pid: process.pid }));
    const bytes = link.iterate();
    link.close();
    const tasks = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    assert.ok(tasks.length >= 2);
    assert.ok(tasks.includes(process.pid));
    for (let at = 1; at < tasks.length; at += 2) assert.equal(tasks[at], process.pid);
  });

  it("iterate over a cgroup and those below it", {
    skip: cgroup2 === undefined && "no cgroup2",
  }, (t) => {
    const object = opened(t);
    object.load();
    const folder = join(cgroup2 ?? "", `galgo-iterated-${process.pid}`);
    mkdirSync(join(folder, "below"), { recursive: true });
    const fd = openSync(folder, "r");
    t.after(() => {
      closeSync(fd);
      rmdirSync(join(folder, "below"));
      rmdirSync(folder);
    });
    const idsOf = (order: number): bigint[] => {
      using link = makeIterator(object.program("walk_cgroups").fd, cgroupParameters(fd, order));
      const bytes = link.iterate();
      return Array.from({ length: bytes.length / 8 }, (_, at) => bytes.readBigUInt64LE(8 * at));
    };
    // the inode number of a cgroup's folder is its id
    const own = statSync(folder, { bigint: true }).ino;
    const below = statSync(join(folder, "below"), { bigint: true }).ino;
    assert.deepEqual(idsOf(CGROUP_ORDER.SELF), [own]);
    assert.deepEqual(idsOf(CGROUP_ORDER.PARENTS_FIRST), [own, below]);
    assert.deepEqual(idsOf(CGROUP_ORDER.CHILDREN_FIRST), [below, own]);
  });

  it("keep a program attached while they are pinned", (t) => {
    const folder = privateBpffs(t);
    const object = opened(t);
    object.load();
    const numbers = object.map("numbers").open();
    const link = object.program("count_calls").attach();
    link.pin(join(folder, "link"));
    link.close();
    object.close();
    const value = Buffer.alloc(8);
    value.writeBigUInt64LE(BigInt(process.pid));
    numbers.set(0, value);
    const count = (): bigint => {
      numbers.get(1, value);
      return value.readBigUInt64LE();
    };
    const before = count();
    existsSync("/");
    assert.ok(count() > before);
    const again = BpfLink.open(join(folder, "link"));
    assert.throws(() => again.detach(), /bpf_link_detach failed with E(?:OP)?NOTSUPP?/);
    again.close();
    numbers.close();
  });
});

describe("the kernel's types", { skip }, () => {
  it("say which functions there are", () => {
    using btf = new KernelTypes();
    assert.equal(btf.hasFunction("vfs_rename"), true);
    assert.equal(btf.hasFunction("galgo_no_such_function"), false);
    assert.equal(btf.hasFunction("task_struct"), false);
  });
});

describe("libbpf", () => {
  it("that is not installed is named, with the package that has it", () => {
    const code = `
      import { BpfMap, MAP_TYPE } from ${JSON.stringify(join(import.meta.dirname, "bpf-map.ffi.ts"))};
      try { BpfMap.open("/nothing"); } catch (e) { console.log(e.code, e.message); }`;
    const { stdout } = spawnSync(
      process.execPath,
      ["--import", "tsx", "--input-type=module", "-e", code],
      { env: { ...process.env, GALGO_LIBBPF: "/no/libbpf.so.1" }, encoding: "utf8" },
    );
    assert.match(stdout, /^NO_LIBBPF can not load \/no\/libbpf\.so\.1: install libbpf .*libbpf1/);
  });
});
