// SPDX-License-Identifier: Apache-2.0
// Keys of what a model allows, before it happens: they are those that the programs will make.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  NAMED_CONTENTS,
  taskIdOf,
  testDecoder,
  testSink,
} from "../../../test/helpers/bpf-decoder.ts";
import {
  areaOf,
  descriptionBytes,
  objectBytes,
  type WrittenObject,
  type WrittenRecord,
} from "../../../test/helpers/bpf-record.ts";
import { anEvent, ROOT } from "../../../test/helpers/events.ts";
import type { SecurityEvent } from "../../event/index.ts";
import { KeyMaker } from "./description.ts";
import { Identities } from "./identities.ts";
import { Limit } from "./layout.gen.ts";
import { KeyPrimer } from "./prime.ts";
import { sipHash128 } from "./siphash.ts";
import type { Key, PrimedKey, SeenActor } from "./types.ts";

const HASH_KEY: Key = Uint32Array.of(1, 2, 3, 4);
const SHELL = { taskId: taskIdOf("/bin/sh"), pTaskId: "0".repeat(64) };
const FORK = { taskId: SHELL.taskId, pTaskId: SHELL.taskId };
const CAT = { taskId: taskIdOf("/bin/cat"), pTaskId: SHELL.taskId };
const ALLOW = { action: "allow", discipline: false } as const;

/** The key that the programs make of what a record describes. */
function keyOf(record: WrittenRecord): string {
  const bytes = descriptionBytes(record);
  const whole = Buffer.concat([bytes, Buffer.alloc(-bytes.length & (8 * Limit.turn - 1))]);
  const words = Uint32Array.from({ length: whole.length / 4 }, (_, i) => whole.readUInt32LE(4 * i));
  const key = new Uint32Array(4);
  sipHash128(HASH_KEY, words, words.length / 2, key);
  return hex(key);
}
const hex = (key: Key): string => Buffer.from(key.buffer).toString("hex");
const keys = (primed: readonly PrimedKey[]): string[] => primed.map(({ key }) => hex(key)).sort();

/** Who does what to what, whenever it is seen. */
function sameAs({ hook, task, coe, cell }: SecurityEvent): string {
  const members = Object.entries({ ...coe, ...cell }).sort(([a], [b]) => (a < b ? -1 : 1));
  const text = JSON.stringify(members, (_, value: unknown) =>
    typeof value === "bigint" ? Number(value) : value,
  );
  return `${hook} ${task.taskId} ${task.pTaskId} ${text}`;
}

interface Bench {
  readonly primer: KeyPrimer;
  readonly identities: Identities;
  readonly seen: (identity: number, changes?: Partial<SeenActor>) => string[];
}

function bench(
  model: readonly SecurityEvent[],
  {
    hints = model,
    enumerate = false,
  }: { hints?: readonly SecurityEvent[]; enumerate?: boolean } = {},
): Bench {
  const allowed = new Set(model.map(sameAs));
  const pointOf = (event: SecurityEvent): string | undefined =>
    allowed.has(sameAs(event)) ? `point of ${event.hook}` : undefined;
  const identities = new Identities(testSink());
  const keyMaker = new KeyMaker(HASH_KEY);
  const primer = new KeyPrimer({ sink: { pointOf }, identities, keys: keyMaker, hints, enumerate });
  const seen = (identity: number, changes: Partial<SeenActor> = {}): string[] =>
    keys(primer.seen({ identity, coe: ROOT, rootMount: 1n, rootInode: 2n, ...changes }));
  return { primer, identities, seen };
}

const capable = (task = SHELL, cap = 21): SecurityEvent =>
  anEvent("capable", { cap, opts: 0 }, { task, coe: ROOT });
const kill = (task = SHELL, target = CAT.taskId): SecurityEvent =>
  anEvent("task_kill", { target, sig: 15, crossNs: 0 }, { task, coe: ROOT });

describe("priming from hints", () => {
  it("gives the keys of what a program does, once, when it has a number", () => {
    const { seen, identities } = bench([
      capable(),
      capable(SHELL, 7),
      anEvent("file_open", { file: {} as never }),
    ]);
    assert.deepEqual(seen(2), []);
    const shell = identities.numberOf(SHELL);
    const expected = [21, 7].map((cap) =>
      keyOf({ hook: "capable", identity: shell, args: [cap, 0] }),
    );
    assert.deepEqual(seen(shell), expected.sort());
    assert.deepEqual(seen(shell), []);
  });

  it("gives those of forks with it", () => {
    const { seen, identities } = bench([capable(FORK)]);
    const shell = identities.numberOf(SHELL);
    const key = keyOf({ hook: "capable", identity: shell + 1, args: [21, 0] });
    assert.deepEqual(seen(shell), [key]);
    assert.deepEqual(seen(shell + 1), []);
  });

  it("takes credentials from the hint, whatever the root", () => {
    const coe = { ...ROOT, fsuid: 5 };
    const { seen, identities } = bench([
      anEvent("capable", { cap: 1, opts: 0 }, { task: SHELL, coe }),
    ]);
    const shell = identities.numberOf(SHELL);
    const record = { hook: "capable", identity: shell, args: [1, 0], coe } as const;
    assert.deepEqual(seen(shell), [keyOf(record)]);
    assert.deepEqual(seen(shell, { rootInode: 3n }), [keyOf(record)]);
  });

  it("leaves out what the model does not have", () => {
    const { seen, identities } = bench([], { hints: [capable()] });
    assert.deepEqual(seen(identities.numberOf(SHELL)), []);
  });

  it("waits for a target that has no number yet", () => {
    const { seen, identities } = bench([kill()]);
    const shell = identities.numberOf(SHELL);
    assert.deepEqual(seen(shell), []);
    const cat = identities.numberOf(CAT);
    const expected = [cat, cat + 1].map((target) =>
      keyOf({ hook: "task_kill", identity: shell, args: [target, 15] }),
    );
    assert.deepEqual(seen(cat), expected.sort());
  });

  it("knows sockets and memory without a file by their arguments", () => {
    const sock = { family: 2, type: 1, protocol: 6, owner: SHELL.taskId };
    const { seen, identities } = bench([
      anEvent("socket_setsockopt", { sock, level: 1, optname: 2 }, { task: SHELL, coe: ROOT }),
      anEvent("file_mprotect", { prot: 5 }, { task: SHELL, coe: ROOT }),
    ]);
    const shell = identities.numberOf(SHELL);
    const option = (owner: number): string =>
      keyOf({
        hook: "socket_setsockopt",
        identity: shell,
        args: [2n | (1n << 16n) | (6n << 32n), owner, 1n | (2n << 32n)],
      });
    const memory = keyOf({
      hook: "file_mprotect",
      identity: shell,
      args: [0, 5],
      objects: [{ absent: true }],
    });
    assert.deepEqual(seen(shell), [option(shell), option(shell + 1), memory].sort());
  });
});

describe("priming by trying", () => {
  it("finds what is allowed among capabilities, signals and the like", () => {
    const { seen, identities } = bench([capable(), kill(), kill(SHELL, SHELL.taskId)], {
      hints: [],
      enumerate: true,
    });
    const shell = identities.numberOf(SHELL);
    const signal = (target: number): string =>
      keyOf({ hook: "task_kill", identity: shell, args: [target, 15] });
    const own = keyOf({ hook: "capable", identity: shell, args: [21, 0] });
    assert.deepEqual(seen(shell), [own, signal(shell), signal(shell + 1)].sort());
    const cat = identities.numberOf(CAT);
    assert.deepEqual(seen(cat), [signal(cat), signal(cat + 1)].sort());
  });

  it("tries other credentials anew", () => {
    const coe = { ...ROOT, capeff: 1n };
    const event = anEvent("capable", { cap: 0, opts: 0 }, { task: SHELL, coe });
    const { seen, identities } = bench([event], { hints: [], enumerate: true });
    const shell = identities.numberOf(SHELL);
    assert.deepEqual(seen(shell), []);
    const key = keyOf({ hook: "capable", identity: shell, args: [0, 0], coe });
    assert.deepEqual(seen(shell, { coe }), [key]);
  });
});

describe("priming of what may be done with a file", () => {
  const FILE: WrittenObject = {
    inode: 9n,
    name: "f",
    content: { ctime: 1_700_000_000n, ctimeNsec: 1, size: 3n },
  };
  const file = {
    flags: 0x8000,
    inode: {
      uid: 0,
      gid: 0,
      mode: 0o100644,
      sMagic: 0xef53,
      sId: "vda1",
      sUuid: "11111111222233334444555555555555",
    },
    path: { dev: { major: 254, minor: 1 }, pathname: "/f" },
    digest: taskIdOf("/f"),
  };
  const fcntl = (cmd: number, flags = 0x8000): SecurityEvent =>
    anEvent("file_fcntl", { file: { ...file, flags }, cmd }, { task: SHELL, coe: ROOT });

  it("gives the keys of commands that hints have, when the file is told of", () => {
    const { primer, identities } = bench([fcntl(3), fcntl(4, 0x8800), fcntl(1, 0x8002)]);
    const shell = identities.numberOf(SHELL);
    const decoder = testDecoder({ identities, primer, contents: NAMED_CONTENTS });
    const opened: WrittenRecord = {
      hook: "file_open",
      // O_CREAT and O_DIRECTORY: the first one is not there any more after the open
      args: [0x18040],
      objects: [FILE],
      areas: [areaOf("/f")],
      identity: shell,
    };
    const { primed } = decoder.decoder.conclude(decoder.tell(opened), ALLOW);
    const record = { ...opened, hook: "file_fcntl" } as const;
    const expected = [
      keyOf({ ...record, args: [0x18000, 3] }),
      keyOf({ ...record, args: [0x18800, 4] }),
    ];
    assert.deepEqual(keys(primed), expected.sort());
  });

  it("tries the usual ones where hints may be missing", () => {
    const mprotect = anEvent("file_mprotect", { file, prot: 5 }, { task: SHELL, coe: ROOT });
    const { primer, identities } = bench([fcntl(8), mprotect], { hints: [], enumerate: true });
    const shell = identities.numberOf(SHELL);
    const actor = { identity: shell, coe: ROOT, rootMount: 1n, rootInode: 2n };
    const words = objectBytes(FILE);
    const seen = { flags: 0x8000, file, words };
    const record = { identity: shell, objects: [FILE] };
    const open = primer.seenFile(actor, { ...seen, asProgram: false });
    assert.deepEqual(keys(open), [keyOf({ ...record, hook: "file_fcntl", args: [0x8000, 8] })]);
    const mapped = primer.seenFile(actor, { ...seen, asProgram: true });
    assert.deepEqual(keys(mapped), [
      keyOf({ ...record, hook: "file_mprotect", args: [0x8000, 5] }),
    ]);
  });
});

describe("priming of what may be done to a name", () => {
  const ROOT_DIRECTORY: WrittenObject = { inode: 2n, mode: 0o40755, name: "/" };
  const inode = {
    uid: 0,
    gid: 0,
    mode: 0o40755,
    sMagic: 0xef53,
    sId: "vda1",
    sUuid: "11111111222233334444555555555555",
  };
  const path = { dev: { major: 254, minor: 1 }, pathname: "/" };
  const who = { task: SHELL, coe: ROOT };
  const told = (identity: number, changes: Partial<WrittenRecord> = {}): WrittenRecord => ({
    hook: "inode_getattr",
    objects: [ROOT_DIRECTORY],
    areas: [areaOf("/")],
    identity,
    ...changes,
  });
  type Hook = "path_chroot" | "inode_removexattr" | "inode_getxattr";
  const ACCESS_LIST = "system.posix_acl_access";
  const done = (identity: number, hook: Hook, text = "", rootInode = 2n): string =>
    keyOf({ hook, objects: [ROOT_DIRECTORY], identity, text, rootInode });
  const listSet = (identity: number, rootInode = 2n): string =>
    keyOf({
      hook: "inode_setxattr",
      args: [0, 4],
      objects: [ROOT_DIRECTORY],
      identity,
      text: "\u0002\0\0\0",
      more: ACCESS_LIST,
      rootInode,
    });

  it("needs the object to be told of, before or after who does it", () => {
    const { primer, identities } = bench([
      anEvent("path_chroot", { path }, who),
      anEvent("inode_removexattr", { dentry: { inode, path }, name: "user.a" }, who),
      anEvent("inode_getxattr", { dentry: { inode, path }, name: ACCESS_LIST }, who),
      anEvent(
        "inode_setxattr",
        { dentry: { inode, path }, name: ACCESS_LIST, value: "AgAAAA==", flags: 0 },
        who,
      ),
      // held when it happens
      anEvent("inode_getxattr", { dentry: { inode, path }, name: "user.b" }, who),
    ]);
    const { decoder, tell } = testDecoder({ identities, primer });
    const shell = identities.numberOf(SHELL);
    const conclude = (record: WrittenRecord): string[] =>
      keys(decoder.conclude(tell(record), ALLOW).primed);
    const expected = [
      done(shell, "path_chroot"),
      done(shell, "inode_removexattr", "user.a"),
      done(shell, "inode_getxattr", ACCESS_LIST),
      listSet(shell),
    ].sort();
    // by somebody else
    assert.deepEqual(conclude(told(2)), []);
    const elsewhere = { objects: [{ ...ROOT_DIRECTORY, name: "x" }], areas: [areaOf("/x")] };
    assert.deepEqual(conclude(told(shell, elsewhere)), expected);
    assert.deepEqual(conclude(told(shell)), expected);
    const inAnotherRoot = [
      done(shell, "path_chroot", "", 9n),
      done(shell, "inode_removexattr", "user.a", 9n),
      done(shell, "inode_getxattr", ACCESS_LIST, 9n),
      listSet(shell, 9n),
    ];
    assert.deepEqual(conclude(told(shell, { rootInode: 9n })), inAnotherRoot.sort());
  });
});
