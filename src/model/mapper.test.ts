// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { anyBehaviour } from "../../test/helpers/any-event.ts";
import { cellOf, le32, le64, padded, recording, str, text } from "../../test/helpers/cell-bytes.ts";
import {
  aFile,
  anEvent,
  aPath,
  aSyscall,
  DIRECTORY_INODE,
  FILE_INODE,
  ROOT,
  TASK,
} from "../../test/helpers/events.ts";
import { SHA256, testHasher } from "../../test/helpers/test-hasher.ts";
import { parseRecord, type SecurityEvent, writeRecord } from "../event/index.ts";
import { ModelError } from "./errors.ts";
import { createMapper } from "./index.ts";

const INODE = `${le32(0)}${le32(0)}${le32(0o100644)}${le32(0xef53)}${padded(text("vda"), 32)}${FILE_INODE.sUuid}`;
const DEV = le32(254) + le32(0);
const OWNER = "ab".repeat(32);
const SOCK = { family: 2, type: 1, protocol: 6 };
const SOCK_BYTES = le32(2) + le32(1) + le32(6) + "00".repeat(64);

describe("mapping of what the vectors do not hold", () => {
  const cases: readonly (readonly [string, SecurityEvent, string])[] = [
    [
      "file_mprotect of a file",
      anEvent("file_mprotect", { file: aFile("/l"), prot: 5 }),
      `${le32(0x8000)}${INODE}${DEV}${str("/l")}${"cc".repeat(32)}${le32(5)}`,
    ],
    ["file_mprotect of anonymous memory", anEvent("file_mprotect", { prot: 7 }), le32(7)],
    ["path_chroot", anEvent("path_chroot", { path: aPath("/jail") }), DEV + str("/jail")],
    [
      "task_fix_setuid",
      anEvent("task_fix_setuid", { flags: 4, ids: [0, 0xffffffff] }),
      `${le32(4)}${le32(2)}${le32(0)}ffffffff`,
    ],
    ["a system call", aSyscall("unshare", [5n, 1n << 63n]), le32(2) + le64(5n) + le64(1n << 63n)],
    ["a system call with text", aSyscall("memfd_create", [], "é"), le32(0) + str("é")],
    [
      "a path with a class",
      anEvent("path_chroot", { path: { owner: OWNER, created: "log", pathname: "/d/x.log" } }),
      str("/d/") + OWNER + str("log"),
    ],
    [
      "a path with an instance",
      anEvent("path_chroot", { path: { owner: OWNER, instance: 3n, pathname: "/d/x" } }),
      str("/d/") + le64(3n) + OWNER,
    ],
    [
      "a path that is not UTF-8",
      anEvent("path_chroot", { path: { pathname: "/\udcff" } }),
      `${le32(2)}2fff`,
    ],
    [
      "an inode without s_id and s_uuid",
      anEvent("inode_unlink", {
        dir: { uid: 1, gid: 2, mode: 3, sMagic: 4 },
        dentry: { path: { pathname: "/" } },
      }),
      le32(1) + le32(2) + le32(3) + le32(4) + "00".repeat(48) + str("/"),
    ],
    [
      "an inode on tmpfs",
      anEvent("inode_rmdir", {
        dir: { ...DIRECTORY_INODE, sMagic: 0x01021994 },
        dentry: { path: { pathname: "/" } },
      }),
      le32(0) +
        le32(0) +
        le32(0o040755) +
        le32(0x01021994) +
        padded(text("vda"), 32) +
        "00".repeat(16) +
        str("/"),
    ],
    [
      "a connect to inet6 without flow and scope",
      anEvent("socket_connect", {
        sock: SOCK,
        addr: { family: "inet6", port: 1, address: "ee".repeat(16) },
      }),
      `${SOCK_BYTES}0100${"ee".repeat(16)}${le32(0)}${le32(0)}`,
    ],
    [
      "a bind to inet6",
      anEvent("socket_bind", {
        sock: SOCK,
        addr: { family: "inet6", port: 1, address: "ee".repeat(16), flow: 8, scope: 9 },
      }),
      `${SOCK_BYTES}0100${"ee".repeat(16)}${le32(8)}${le32(9)}`,
    ],
    [
      "a message to inet6",
      anEvent("socket_sendmsg", {
        sock: SOCK,
        addr: { family: "inet6", port: 1, address: "ee".repeat(16), flow: 8, scope: 9 },
      }),
      `${SOCK_BYTES}0100${"ee".repeat(16)}`,
    ],
    ["an accept without an address", anEvent("socket_accept", { sock: SOCK }), SOCK_BYTES],
    [
      "an abstract unix address",
      anEvent("socket_connect", { sock: SOCK, addr: { family: "unix", address: "\0bus" } }),
      SOCK_BYTES + text("\0bus"),
    ],
    [
      "another address",
      anEvent("socket_bind", { sock: SOCK, addr: { family: "other", digest: OWNER } }),
      SOCK_BYTES + OWNER,
    ],
    [
      "a negative protocol and backlog",
      anEvent("socket_listen", { sock: { ...SOCK, protocol: -1 }, backlog: -2 }),
      `${le32(2)}${le32(1)}ffffffff${"00".repeat(64)}feffffff`,
    ],
    [
      "kernel_read_file",
      anEvent("kernel_read_file", { file: aFile("/m"), id: 2, contents: 1 }),
      `${le32(0x8000)}${INODE}${DEV}${str("/m")}${"cc".repeat(32)}${le32(2)}${le32(1)}`,
    ],
    ["kernel_load_data", anEvent("kernel_load_data", { id: 2, contents: 1 }), le32(2) + le32(1)],
    [
      "move_mount",
      anEvent("move_mount", { from: aPath("/a"), to: aPath("/b") }),
      DEV + str("/a") + DEV + str("/b"),
    ],
    [
      "settime with both",
      anEvent("settime", { seconds: 1n, nsecs: 2n, minuteswest: -1, dsttime: 3 }),
      `${le64(1n)}${le64(2n)}ffffffff${le32(3)}`,
    ],
    ["settime with neither", anEvent("settime", {}), ""],
    [
      "inode_setxattr",
      anEvent("inode_setxattr", {
        dentry: { path: { pathname: "/" } },
        name: "user.a",
        value: "AAH/",
        flags: 2,
      }),
      `${str("/")}${str("user.a")}0001ff${le32(2)}`,
    ],
    ["bpf without its size", anEvent("bpf", { cmd: 5, size: 128 }), le32(5)],
  ];
  for (const [name, event, expected] of cases) {
    it(`of ${name}`, () => assert.equal(cellOf(event), expected));
  }

  it("puts type, parent, program, H(COE) and H(CELL) together", () => {
    const { hasher, messages } = recording();
    const mapper = createMapper(hasher);
    messages.length = 0;
    const coefficient = mapper.coefficient(aSyscall("unshare", [1n]));
    const [coe = "", cell = "", whole = ""] = messages;
    assert.equal(coe, `${le32(0).repeat(8)}${le64(0x1ffffffffffn)}`);
    const digest = (hex: string): string => SHA256.hex(Buffer.from(hex, "hex"));
    assert.equal(
      whole,
      text("syscall:unshare") + TASK.pTaskId + TASK.taskId + digest(coe) + digest(cell),
    );
    assert.equal(coefficient, digest(whole));
  });

  it("computes H(COE) once for a COE object", () => {
    const { hasher, messages } = recording();
    const mapper = createMapper(hasher);
    const other = { ...ROOT, uid: 7 };
    const events = [ROOT, other, ROOT, other].map((coe) => anEvent("syslog", { type: 3 }, { coe }));
    const coefficients = events.map((e) => mapper.coefficient(e));
    assert.equal(messages.filter((m) => m.length === 80).length, 2);
    assert.equal(coefficients[0], coefficients[2]);
    assert.notEqual(coefficients[0], coefficients[1]);
  });
});

describe("createMapper", () => {
  it("knows the digests of nothing and of zeros", () => {
    const mapper = createMapper(SHA256);
    assert.equal(
      mapper.emptyDigest,
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    );
    assert.equal(mapper.zeroDigest, "0".repeat(64));
    assert.equal(createMapper(testHasher("sha384")).zeroDigest.length, 96);
    assert.equal(mapper.mapping, "tsem-v4");
  });

  it("refuses to make a point of an identity", () => {
    assert.throws(
      () =>
        createMapper(SHA256).coefficient(
          anEvent("bprm_committed_creds", { file: aFile("/bin/sh") }),
        ),
      (error: unknown) => error instanceof ModelError && error.code === "NOT_A_BEHAVIOUR",
    );
  });

  it("makes a TASK_ID of parent, credentials and program", () => {
    const mapper = createMapper(SHA256);
    const ids = new Set([
      mapper.taskId(mapper.zeroDigest, ROOT, aFile("/bin/sh")),
      mapper.taskId(TASK.taskId, ROOT, aFile("/bin/sh")),
      mapper.taskId(mapper.zeroDigest, { ...ROOT, euid: 1 }, aFile("/bin/sh")),
      mapper.taskId(mapper.zeroDigest, ROOT, aFile("/bin/cat")),
      mapper.taskId(mapper.zeroDigest, ROOT, aFile("/bin/sh", { digest: "dd".repeat(32) })),
    ]);
    assert.equal(ids.size, 5);
  });

  it("gives an event and its record the same coefficient, whatever was mapped before", () => {
    const used = createMapper(SHA256);
    fc.assert(
      fc.property(anyBehaviour, (event) => {
        const fresh = createMapper(SHA256).coefficient(event);
        assert.equal(used.coefficient(event), fresh);
        assert.equal(used.coefficient(parseRecord(writeRecord(event))), fresh);
      }),
      { numRuns: 300 },
    );
  });

  it("does not look at pid, tgid, comm and time", () => {
    const mapper = createMapper(SHA256);
    const a = anEvent("syslog", { type: 3 });
    const b = anEvent("syslog", { type: 3 }, { pid: 1, tgid: 2, process: "x", ts: 99n });
    assert.equal(mapper.coefficient(a), mapper.coefficient(b));
  });
});
