// SPDX-License-Identifier: Apache-2.0
// What is remembered from record to record, and what may be recognised by the programs from now on.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  EMPTY,
  NAMED_CONTENTS,
  ROOT_IDENTITY,
  taskIdOf,
  testDecoder,
  testSink,
} from "../../../test/helpers/bpf-decoder.ts";
import {
  areaOf,
  NOWHERE,
  objectBytes,
  type WrittenObject,
  type WrittenRecord,
} from "../../../test/helpers/bpf-record.ts";
import { ROOT } from "../../../test/helpers/events.ts";
import type { EventOf, FileId, PathId, SecurityEvent } from "../../event/index.ts";
import type { Decision } from "../sensor.ts";
import { Identities } from "./identities.ts";
import { ObjectState, RecordFlag, RuleFlag } from "./layout.gen.ts";
import type { SeenActor, SeenFile, Told } from "./types.ts";

const ALLOW: Decision = { action: "allow", discipline: false };
const DENY: Decision = { action: "deny", discipline: true };
const DIR = { uid: 0, gid: 0, mode: 0o41777 };
const CONTENT = { ctime: 1_700_000_000n, ctimeNsec: 0, size: 3n };
const FILE: WrittenObject = { inode: 9n, name: "f" };

const open = (pathname: string, object: WrittenObject = FILE): WrittenRecord => ({
  hook: "file_open",
  args: [0x8000],
  objects: [object],
  areas: [areaOf(pathname)],
});
const exec = (pathname: string, identity = 2): WrittenRecord => ({
  ...open(pathname, { ...FILE, content: CONTENT }),
  hook: "bprm_committed_creds",
  args: [0x8020],
  identity,
  flags: RecordFlag.held,
});
const create = (
  pathname: string,
  hook: "inode_create" | "inode_symlink" = "inode_create",
): WrittenRecord => ({
  hook,
  args: hook === "inode_create" ? [0o100644] : [],
  objects: [{ name: "f", directory: DIR }],
  areas: hook === "inode_create" ? [areaOf(pathname)] : [areaOf(pathname), { text: "x" }],
});
const mkdir = (pathname: string, state = 0): WrittenRecord => ({
  hook: "inode_mkdir",
  args: [0o700],
  objects: [{ name: "t", directory: DIR, state }],
  areas: [areaOf(pathname)],
});
const rmdir = (pathname: string): WrittenRecord => ({
  hook: "inode_rmdir",
  objects: [{ inode: 5n, mode: 0o40700, name: "t", directory: DIR, state: ObjectState.temporary }],
  areas: [areaOf(pathname)],
});

const fileOf = ({ event }: Told): FileId => (event as EventOf<"file_open">).cell.file;
const pathOf = ({ event }: Told): PathId => (event as EventOf<"inode_create">).cell.dentry.path;

describe("an event of a record", () => {
  it("says who does it", () => {
    const { tell } = testDecoder();
    const { event } = tell({ ...open("/f"), comm: "cat", ts: 77n, coe: { ...ROOT, fsgid: 5 } });
    assert.equal(event.pid, 321);
    assert.equal(event.tgid, 320);
    assert.equal(event.process, "cat");
    assert.equal(event.ts, 77n);
    assert.deepEqual(event.task, ROOT_IDENTITY);
    assert.equal(event.coe.fsgid, 5);
  });

  it("has the digest of a content that counts", () => {
    const { tell } = testDecoder();
    assert.equal(fileOf(tell(open("/f"))).digest, EMPTY);
    assert.equal(fileOf(tell(open("/f", { ...FILE, content: CONTENT }))).digest, taskIdOf("/f"));
    const dropping = testDecoder({ sink: testSink(() => false) });
    assert.equal(fileOf(dropping.tell(open("/f", { ...FILE, content: CONTENT }))).digest, EMPTY);
  });

  it("has none of memory that no process opens as a file", () => {
    const { tell } = testDecoder({ contents: { digest: () => undefined } });
    const memory = { ...FILE, magic: 0x01021994, content: CONTENT };
    const mapped = (name: string): FileId =>
      fileOf(tell({ ...open("/"), objects: [{ ...memory, name }], areas: [NOWHERE] }));
    const { digest, path } = mapped("SYSV67616c67");
    assert.deepEqual([digest, path.pathname], [EMPTY, "/SYSV67616c67 (deleted)"]);
    assert.equal(mapped("dev/zero").digest, EMPTY);
    assert.throws(() => mapped("memfd:SYSV67616c67"), { reason: "unreadable-content" });
    const named = { ...memory, name: "SYSV67616c67" };
    assert.throws(() => tell(open("/SYSV67616c67", named)), { reason: "unreadable-content" });
  });

  it("is not told when the content can not be read", () => {
    const { tell } = testDecoder({ contents: { digest: () => undefined } });
    assert.throws(() => tell(open("/f", { ...FILE, content: CONTENT })), {
      name: "Unseen",
      reason: "unreadable-content",
    });
  });

  it("is not told of somebody without an identity", () => {
    const { tell } = testDecoder();
    assert.throws(() => tell({ ...open("/f"), identity: 8 }), { reason: "unknown-identity" });
    assert.throws(() => tell(open("/f", { ...FILE, owner: 9 })), { reason: "unknown-identity" });
  });
});

describe("an exec", () => {
  it("leads to the next identity, and forks of it have the number above", () => {
    const { decoder, tell, sink } = testDecoder();
    const first = decoder.conclude(tell(exec("/bin/sh")), ALLOW);
    assert.deepEqual([first.next, first.intern], [4, true]);
    const [program] = sink.programs;
    assert.equal(program?.process, "sh");
    assert.equal(program?.pid, 320);
    assert.equal(program?.file.digest, taskIdOf("/bin/sh"));
    const shell = { taskId: taskIdOf("/bin/sh"), pTaskId: ROOT_IDENTITY.taskId };
    assert.deepEqual(tell({ ...open("/f"), identity: 4 }).event.task, shell);
    const fork = { taskId: shell.taskId, pTaskId: shell.taskId };
    assert.deepEqual(tell({ ...open("/f"), identity: 5 }).event.task, fork);
    const second = decoder.conclude(tell(exec("/bin/cat", 5)), ALLOW);
    assert.equal(second.next, 6);
    const cat = { taskId: taskIdOf("/bin/cat"), pTaskId: shell.taskId };
    assert.deepEqual(tell({ ...open("/f"), identity: 6 }).event.task, cat);
    assert.equal(decoder.conclude(tell(exec("/bin/sh")), ALLOW).next, 4);
  });

  it("that is refused leads nowhere, and one that can not be told to nobody known", () => {
    const { decoder, tell, sink } = testDecoder();
    assert.equal(decoder.conclude(tell(exec("/bin/sh")), DENY).next, 0);
    assert.equal(sink.programs.length, 0);
    const { head } = tell(exec("/bin/sh"));
    const nobody = decoder.nextAfterLoss(head);
    assert.match(decoder.identities.identityOf(nobody)?.taskId ?? "", /^f{64}$/);
    assert.equal(decoder.nextAfterLoss(tell(open("/f")).head), 0);
  });

  it("is counted against a limit", () => {
    const sink = testSink();
    const { decoder, tell } = testDecoder({ sink, identities: new Identities(sink, 5) });
    decoder.conclude(tell(exec("/bin/sh")), ALLOW);
    assert.throws(() => decoder.conclude(tell(exec("/bin/cat")), ALLOW), {
      reason: "identity-limit",
    });
  });
});

describe("what the namespace makes", () => {
  it("is numbered by program and directory, when it is made", () => {
    const { decoder, tell } = testDecoder();
    const made = (record: WrittenRecord, decision = ALLOW): readonly unknown[] => {
      const told = tell(record);
      const { instance, intern } = decoder.conclude(told, decision);
      return [pathOf(told).instance, instance, intern];
    };
    assert.deepEqual(made(create("/d/a")), [1n, 1, false]);
    assert.deepEqual(made(create("/d/b"), DENY), [2n, 0, false]);
    assert.deepEqual(made(create("/d/b")), [2n, 2, false]);
    assert.deepEqual(made(create("/e/b")), [1n, 1, false]);
    // its number is for the inode; what the event says of it is only the name
    assert.deepEqual(made(create("/d/link", "inode_symlink")), [undefined, 3, false]);
  });

  it("is told with its creator from then on", () => {
    const { tell } = testDecoder();
    const { path } = fileOf(tell(open("/d/a", { ...FILE, owner: 3, instance: 7 })));
    const owner = ROOT_IDENTITY.taskId;
    assert.deepEqual(path, {
      dev: { major: 254, minor: 1 },
      owner,
      instance: 7n,
      pathname: "/d/a",
    });
  });

  it("may be recognised where classes stand for numbers", () => {
    const { decoder, tell } = testDecoder({ rules: RuleFlag.createdClass });
    assert.equal(decoder.conclude(tell(create("/d/a")), ALLOW).intern, true);
    assert.equal(decoder.conclude(tell(mkdir("/d/t")), ALLOW).intern, true);
  });
});

describe("a temporary directory", () => {
  const below = (pathname: string, names?: readonly string[]): WrittenRecord =>
    open(pathname, names === undefined ? FILE : { ...FILE, names });

  it("is known by what the programs say, until it is gone", () => {
    const { decoder, tell } = testDecoder();
    const told = tell(mkdir("/tmp/x", ObjectState.temporary));
    assert.equal(fileOf(tell(below("/tmp/x/f"))).path.temporary, undefined);
    decoder.conclude(tell(mkdir("/tmp/x", ObjectState.temporary)), ALLOW);
    assert.equal(pathOf(told).temporary, undefined);
    assert.equal(fileOf(tell(below("/tmp/x/d/f"))).path.temporary, "/tmp/x");
    assert.equal(fileOf(tell(below("/tmp/y/f"))).path.temporary, undefined);
    // somebody with another root means another directory
    assert.equal(fileOf(tell({ ...below("/tmp/x/f"), rootInode: 3n })).path.temporary, undefined);
    decoder.conclude(tell(rmdir("/tmp/x")), DENY);
    assert.equal(fileOf(tell(below("/tmp/x/f"))).path.temporary, "/tmp/x");
    decoder.conclude(tell(rmdir("/tmp/x")), ALLOW);
    assert.equal(fileOf(tell(below("/tmp/x/f"))).path.temporary, undefined);
  });

  it("is one no more when it has another name", () => {
    const { decoder, tell } = testDecoder();
    decoder.conclude(tell(mkdir("/tmp/x", ObjectState.temporary)), ALLOW);
    const moved = {
      hook: "inode_rename",
      args: [0],
      objects: [
        { inode: 5n, name: "x", directory: DIR, state: ObjectState.temporary },
        { name: "y", directory: DIR },
      ],
      areas: [areaOf("/tmp/x"), areaOf("/tmp/y")],
    } as const;
    decoder.conclude(tell(moved), ALLOW);
    assert.equal(fileOf(tell(below("/tmp/y/f"))).path.temporary, undefined);
    assert.equal(fileOf(tell(below("/tmp/x/f"))).path.temporary, undefined);
  });

  it("keeps what lies below it from being recognised where only names are keyed", () => {
    const { decoder, tell } = testDecoder();
    decoder.conclude(tell(mkdir("/tmp/x", ObjectState.temporary)), ALLOW);
    assert.equal(decoder.conclude(tell(below("/tmp/x/f")), ALLOW).intern, true);
    const walked = below("/tmp/x/f", ["f", "x", "tmp"]);
    assert.equal(decoder.conclude(tell(walked), ALLOW).intern, false);
  });
});

describe("recognising", () => {
  it("needs a decision that allows, and a description that stands for the event", () => {
    const { decoder, tell } = testDecoder();
    const intern = (record: WrittenRecord, decision = ALLOW): boolean =>
      decoder.conclude(tell(record), decision).intern;
    assert.equal(intern(open("/f")), true);
    assert.equal(intern(open("/f"), DENY), false);
    assert.equal(intern(open("/f"), { action: "allow", discipline: true }), false);
    assert.equal(intern({ ...open("/f"), flags: RecordFlag.never }), false);
    assert.equal(intern({ ...open("/f"), flags: RecordFlag.held | RecordFlag.atomic }), true);
  });

  it("needs an event that is the same for every process that does it", () => {
    const sink = { ...testSink(), dependsOnProcess: ({ pid }: SecurityEvent) => pid === 12 };
    const { decoder, tell } = testDecoder({ sink });
    const record = open("/run/app.12");
    assert.equal(decoder.conclude(tell({ ...record, tid: 12 }), ALLOW).intern, false);
    assert.equal(decoder.conclude(tell({ ...record, tid: 13 }), ALLOW).intern, true);
  });

  it("needs a content that can not change unnoticed", () => {
    let settled = false;
    const contents = { digest: () => ({ digest: EMPTY, settled }) };
    const { decoder, tell } = testDecoder({ contents });
    const record = open("/f", { ...FILE, content: CONTENT });
    assert.equal(decoder.conclude(tell(record), ALLOW).intern, false);
    settled = true;
    assert.equal(decoder.conclude(tell(record), ALLOW).intern, true);
  });

  it("is prepared for whoever acts from now on", () => {
    const actors: SeenActor[] = [];
    const files: SeenFile[] = [];
    const primed = [{ key: new Uint32Array(4), point: "aa" }];
    const primer = {
      seen: (actor: SeenActor) => {
        actors.push(actor);
        return primed;
      },
      seenFile: (_: SeenActor, seen: SeenFile) => {
        files.push(seen);
        return [];
      },
      wantsObject: () => false,
      seenObject: () => [],
    };
    const { decoder, tell } = testDecoder({ primer, contents: NAMED_CONTENTS });
    assert.deepEqual(decoder.conclude(tell(exec("/bin/sh")), ALLOW).primed, primed);
    assert.deepEqual(actors, [{ identity: 4, coe: ROOT, rootMount: 1n, rootInode: 2n }]);
    assert.deepEqual(decoder.conclude(tell(open("/f")), DENY).primed, []);
    assert.equal(actors.length, 1);
    assert.deepEqual(files, []);
    const told = tell(open("/f"));
    decoder.conclude(told, ALLOW);
    decoder.conclude(tell({ ...open("/f"), flags: RecordFlag.never }), ALLOW);
    const words = Uint8Array.from(objectBytes(FILE));
    assert.deepEqual(files, [{ asProgram: false, flags: 0x8000, file: fileOf(told), words }]);
  });
});
