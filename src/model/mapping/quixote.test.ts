// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { anyBehaviour } from "../../../test/helpers/any-event.ts";
import { aFile, anEvent, aPath, aSyscall, ROOT, TASK } from "../../../test/helpers/events.ts";
import { SHA256, testHasher } from "../../../test/helpers/test-hasher.ts";
import type { FileId, SecurityEvent } from "../../event/index.ts";
import { ModelError } from "../errors.ts";
import { MAPPING_NAMES, type MappingName } from "../mapping-names.ts";
import { createMapper, typeOf } from "../mapper.ts";

const OWNER = "ab".repeat(32);
const mappers = new Map(MAPPING_NAMES.map((name) => [name, createMapper(SHA256, name)]));

function map(e: SecurityEvent, mapping: MappingName = "quixote-2025"): string {
  return createMapper(SHA256, mapping).coefficient(e);
}

/** A file as a kernel of 2025 describes it. */
function full(changes: Partial<FileId["path"]> = {}): FileId {
  return aFile("/x", { path: { ...aPath("/tmp/x"), type: "root", ...changes } });
}

const open = (file: FileId): SecurityEvent => anEvent("file_open", { file });

function refusal(e: SecurityEvent, mapping: MappingName = "quixote-2025"): string {
  try {
    map(e, mapping);
  } catch (error) {
    assert.ok(error instanceof ModelError);
    assert.equal(error.code, "NOT_MAPPABLE");
    return error.message;
  }
  return assert.fail("it was mapped");
}

describe("a mapping of Quixote", () => {
  it("refuses members that it would have hashed and nobody knows", () => {
    const file = full();
    const { type: _, ...untyped } = file.path;
    const { sUuid: __, ...noUuid } = file.inode;
    const { sId: ___, ...noId } = file.inode;
    const sock = { family: 2, type: 1, protocol: 6 };
    const addr = { family: "inet", port: 1, address: 2 } as const;
    const inet6 = { family: "inet6", port: 1, address: "00".repeat(16) } as const;
    const owned = { ...sock, family: 10, owner: OWNER };
    const cases: readonly (readonly [RegExp, SecurityEvent])[] = [
      [/path\.type/, open({ ...file, path: untyped })],
      [/s_uuid/, open({ ...file, inode: noUuid })],
      [/s_id/, open({ ...file, inode: noId })],
      [/path\.owner/, open(full({ instance: 1n }))],
      [/sock\.owner/, anEvent("socket_connect", { sock, addr })],
      [/flow/, anEvent("socket_bind", { sock: owned, addr: inet6 })],
      [/scope/, anEvent("socket_bind", { sock: owned, addr: { ...inet6, flow: 0 } })],
      [/addr/, anEvent("socket_accept", { sock: { ...sock, owner: OWNER } })],
    ];
    for (const [member, event] of cases) assert.match(refusal(event), member);
  });

  it("takes no uuid of tmpfs", () => {
    const { sUuid: _, ...noUuid } = full().inode;
    const tmpfs = (inode: FileId["inode"]) =>
      open({ ...full(), inode: { ...inode, sMagic: 0x01021994 } });
    assert.equal(map(tmpfs(noUuid)), map(tmpfs({ ...noUuid, sUuid: "22".repeat(16) })));
  });

  it("refuses hooks that Quixote does not have", () => {
    const own = [
      aSyscall("io_uring_setup", [1n]),
      anEvent("file_mprotect", { prot: 4 }),
      anEvent("path_chroot", { path: aPath("/") }),
      anEvent("task_fix_setuid", { flags: 0, ids: [0] }),
    ];
    for (const event of own) {
      assert.match(refusal(event), /Quixote has no such hook/);
      for (const [name, mapper] of mappers)
        assert.equal(mapper.maps(event.hook), name === "tsem-v4", name);
    }
    assert.match(refusal(aSyscall("userfaultfd", [])), /syscall:userfaultfd/);
  });

  it("refuses a created object with a class of a profile, or without a directory", () => {
    assert.match(refusal(open(full({ owner: OWNER, created: "file" }))), /profile exact/);
    assert.match(refusal(open(full({ owner: OWNER, created: "file" })), "quixote-2024"), /exact/);
    const file = full({ owner: OWNER, instance: 1n, pathname: "noslash" });
    assert.match(refusal(open(file)), /noslash of a created object has no directory/);
  });

  it("names a created object by directory and creator from 2025 on, by its name before", () => {
    const one = open(full({ owner: OWNER, instance: 1n }));
    const other = open(full({ owner: OWNER, instance: 1n, pathname: "/tmp/y" }));
    assert.equal(map(one), map(other));
    assert.notEqual(map(one, "quixote-2024"), map(other, "quixote-2024"));
    assert.notEqual(map(one), map(open(full({ owner: OWNER, instance: 2n }))));
    assert.equal(map(open(full({ owner: OWNER, instance: 0n }))), map(open(full())));
  });

  it("does not look at the parent's program, fsgid or device", () => {
    const event = open(full());
    const changed = [
      { ...event, task: { ...TASK, pTaskId: "99".repeat(32) } },
      { ...event, coe: { ...ROOT, fsgid: 7 } },
      open(full({ dev: { major: 9, minor: 9 } })),
    ] as readonly SecurityEvent[];
    for (const one of changed) assert.equal(map(one), map(event));
    assert.notEqual(map({ ...event, coe: { ...ROOT, fsuid: 7 } } as SecurityEvent), map(event));
  });

  it("maps an exec as any other event, where tsem-v4 has none", () => {
    const exec = anEvent("bprm_committed_creds", { file: full() });
    assert.match(map(exec), /^[0-9a-f]{64}$/);
    assert.throws(() => map(exec, "tsem-v4"), { code: "NOT_A_BEHAVIOUR" });
  });

  it("gives no task another identity than the kernel does", () => {
    const ids = [...mappers.values()].map((mapper) => mapper.taskId(OWNER, ROOT, full()));
    assert.equal(new Set(ids).size, 1);
  });

  it("does not forget whose COE it keeps", () => {
    const mapper = createMapper(SHA256, "quixote-2025");
    const coe = { ...ROOT, fsgid: 7 };
    const before = mapper.coeDigest(coe);
    mapper.taskId(OWNER, coe, full());
    assert.equal(mapper.coeDigest(coe), before);
    assert.notEqual(before, createMapper(SHA256).coeDigest(coe));
  });

  it("works with every digest", () => {
    const sizes = (["sha256", "sha384", "sha512", "sha3-256"] as const).map(
      (digest) => createMapper(testHasher(digest), "quixote-2025").coefficient(open(full())).length,
    );
    assert.deepEqual(sizes, [64, 96, 128, 64]);
  });
});

describe("the parts of a coefficient", () => {
  for (const [name, mapper] of mappers) {
    it(`make the coefficient that ${name} gives, or the same refusal`, () => {
      fc.assert(
        fc.property(anyBehaviour, (e) => {
          let whole: string;
          try {
            whole = mapper.coefficient(e);
          } catch (error) {
            assert.ok(error instanceof ModelError);
            assert.throws(() => mapper.cellDigest(e), { code: error.code });
            return;
          }
          const coe = mapper.coeDigest({ ...e.coe });
          assert.equal(mapper.join(typeOf(e), e.task, coe, mapper.cellDigest(e)), whole);
        }),
      );
    });
  }
});
