// SPDX-License-Identifier: Apache-2.0
// CELL bytes of hooks that no captured record holds, or that hold more than was hashed; and every digest.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { cellOf, le16, le32, le64, padded, str, text } from "../../../test/helpers/cell-bytes.ts";
import {
  aFile,
  anEvent,
  aPath,
  DIRECTORY_INODE,
  FILE_INODE,
  ROOT,
} from "../../../test/helpers/events.ts";
import { SHA256, testHasher } from "../../../test/helpers/test-hasher.ts";
import type { SecurityEvent } from "../../event/index.ts";
import { createMapper, createModel, type DigestName } from "../index.ts";

const OWNER = "ab".repeat(32);
const TARGET = "cd".repeat(32);
const EMPTY = SHA256.hex(new Uint8Array(0));
const inodeBytes = (mode: number): string =>
  `${le32(0)}${le32(0)}${le32(mode)}${le32(0xef53)}${padded(text("vda"), 32)}${FILE_INODE.sUuid}`;
const PATH = (name: string): string => le32(254) + le32(0) + str(name);
const DENTRY = inodeBytes(0o040755) + PATH("/mnt");
const dentry = { inode: DIRECTORY_INODE, path: aPath("/mnt") };
const FILE = `${le32(0x8000)}${inodeBytes(0o100644)}${PATH("/f")}${"cc".repeat(32)}`;
const SOCK = { family: 1, type: 2, protocol: 0, owner: OWNER };
const SOCK_BYTES = le32(1) + le32(2) + le32(0) + padded(OWNER, 64);
const PERM = { uid: 1, gid: 2, cuid: 3, cgid: 4, mode: 0o100600, owner: OWNER };
const PERM_BYTES = le32(1) + le32(2) + le32(3) + le32(4) + le16(0o100600) + OWNER;
const CREDS = { ...ROOT, uid: 7, securebits: 3 };
const superblock = { dentry, fstype: "xfs", sFlags: 1n << 40n };
const SUPERBLOCK = DENTRY + str("xfs") + le64(1n << 40n);

const CASES: readonly (readonly [SecurityEvent, string])[] = [
  [anEvent("file_receive", { file: aFile("/f") }), FILE],
  [anEvent("inode_killpriv", { dentry }), DENTRY],
  [anEvent("inode_getattr", { dentry: { path: aPath("/x") } }), PATH("/x")],
  [anEvent("sb_remount", superblock), SUPERBLOCK],
  [
    anEvent("quotactl", { cmds: 1, type: 2, id: -1, ...superblock }),
    `${le32(1)}${le32(2)}ffffffff${SUPERBLOCK}`,
  ],
  [anEvent("sb_mount", { path: aPath("/mnt"), flags: 1n << 40n }), PATH("/mnt") + le64(1n << 40n)],
  [
    anEvent("sb_mount", { devName: "none", path: aPath("/mnt"), type: "tmpfs", flags: 0n }),
    str("none") + PATH("/mnt") + str("tmpfs") + le64(0n),
  ],
  [anEvent("unix_may_send", { sock: SOCK, other: SOCK }), SOCK_BYTES + SOCK_BYTES],
  [anEvent("tun_dev_attach_queue", { sock: SOCK }), SOCK_BYTES],
  [
    anEvent("netlink_send", {
      sock: SOCK,
      uid: 1,
      gid: 2,
      portid: 3,
      dstGroup: 4,
      flags: 5,
      nsidSet: 1,
      nsid: 6,
    }),
    SOCK_BYTES + [1, 2, 3, 4, 5].map(le32).join(""),
  ],
  [anEvent("shm_associate", { perm: PERM, shmflg: 5 }), PERM_BYTES + le32(5)],
  [anEvent("sem_associate", { perm: PERM, semflg: 5 }), PERM_BYTES + le32(5)],
  [anEvent("msg_queue_associate", { perm: PERM, msqflg: 5 }), PERM_BYTES + le32(5)],
  [anEvent("shm_shmctl", { perm: PERM, cmd: 5 }), PERM_BYTES + le32(5)],
  [anEvent("ipc_permission", { ipcp: PERM, flag: 0x1b6 }), PERM_BYTES + le16(0x1b6)],
  [anEvent("sem_semop", { perm: PERM, nsops: 2, alter: 1 }), PERM_BYTES + le32(2) + le32(1)],
  [
    anEvent("msg_queue_msgrcv", { perm: PERM, target: TARGET, type: -1n, mode: 4 }),
    `${PERM_BYTES}${TARGET}${"ff".repeat(8)}${le32(4)}`,
  ],
  [anEvent("key_alloc", { cred: CREDS, flags: 2n }), le32(7) + le64(2n)],
  [
    anEvent("key_permission", {
      possessed: 1,
      uid: 0x10002,
      gid: 0xffffffff,
      flags: 3n,
      cred: CREDS,
      perm: 4,
    }),
    `${le32(1)}0200ffff${le64(3n)}${le32(7)}${le32(4)}`,
  ],
  [
    anEvent("task_prlimit", { cred: CREDS, tcred: { ...CREDS, uid: 8 }, flags: 3 }),
    le32(7) + le32(8) + le32(3),
  ],
  [
    anEvent("task_setpgid", { task: TARGET, source: OWNER }),
    padded(TARGET, 64) + padded(OWNER, 64),
  ],
  [anEvent("task_setnice", { task: TARGET, nice: -1 }), `${padded(TARGET, 64)}ffffffff`],
  [anEvent("task_setioprio", { task: TARGET, ioprio: 9 }), padded(TARGET, 64) + le32(9)],
  [anEvent("task_getioprio", { task: TARGET }), TARGET],
  [
    anEvent("task_setrlimit", { task: TARGET, resource: 7, current: 1n, max: 2n }),
    TARGET + le32(7) + le64(1n) + le64(2n),
  ],
  [
    anEvent("task_prctl", { option: 2, arg2: 1n, arg3: 2n, arg4: 3n, arg5: 4n }),
    le32(2) + le64(0n) + le64(3n) + le64(4n),
  ],
  [
    anEvent("task_prctl", { option: 4, arg2: 1n, arg3: 2n, arg4: 3n, arg5: 4n }),
    le32(4) + le64(1n) + le64(3n) + le64(4n),
  ],
  [anEvent("bpf_map", { mapType: 2, fmode: 3 }), le32(2)],
  [anEvent("bpf_prog", { type: 29, attachType: 27 }), le32(29)],
  [anEvent("file_ioctl_compat", { file: aFile("/f"), cmd: 1 }), text("file_ioctl_compat") + EMPTY],
  [anEvent("msg_queue_msgsnd", { perm: PERM, msqflg: 0 }), text("msg_queue_msgsnd") + EMPTY],
  [anEvent("quota_on", { dentry }), text("quota_on") + EMPTY],
  [anEvent("tun_dev_attach", { members: '{"a":"1"}' }), text("tun_dev_attach") + EMPTY],
  [anEvent("tun_dev_open", {}), text("tun_dev_open") + EMPTY],
];

describe("mapping tsem-v4", () => {
  for (const [event, bytes] of CASES) {
    it(`takes of ${event.hook}: ${bytes.length / 2} bytes`, () =>
      assert.equal(cellOf(event), bytes));
  }

  it("cuts nothing of a digest that fills its field", () => {
    const long = "ef".repeat(64);
    assert.equal(cellOf(anEvent("task_setnice", { task: long, nice: 0 })), long + le32(0));
  });
});

/** Made by another program from the description of the mapping. */
const KNOWN: Readonly<Record<DigestName, readonly [string, string, string, string]>> = {
  sha256: [
    "8c21b334cbc03b9ef97a5749ce7b75edf273c102b0def6ac329eefe222529137",
    "3d72c3adb01dbbe1b6353e99f03918c92b736523478e9c3fecd392a50ec5ab0a",
    "e27a6c460d3e44a1513e40be969cef30ac2fe0f4833c2d59381ebd076377ea49",
    "fa47d4b2cb9b908a91ed6c30c903ceb2e0a698a9e0c69e00dda60c108986e94a",
  ],
  sha384: [
    "8c8c87b7de4be631b9d2d3b87ee395e9099141366f82fbcdd2c03e82238a6827646924e205d53b64067a2e0b42e35b82",
    "43f242b4622c21501d22c7c8c0dbb9350246675c106fc378a3ddc176f80e6d72b8cc546789bac2cbc9f5d6bc96eef42f",
    "bfa70ec5aecb317195c808876a179c18c354fcd79284da2e4487a95278b8b7a2d3dc9cf996adc5fd11cc59e1701d5bda",
    "cecb30962d34ee7697f773442af21efbd472bb7b9f0b333b7845a59a8f2ec7881982fe3ae8335df66a2d79fa5f5a0967",
  ],
  sha512: [
    "c6fdb3eb4765fe20cbb7268a6be172224bc0d5758d2d2a2f5c20f7fcdfce23bb3b1ac33a6572626c023df2af0d0f8c8c7f3ca176cfd6ef11a69d4acbe26f8c4a",
    "dab2c1c2bf9b366172eb3b8b57d2b9fe759b5fdae5e85d7bc8559db76bbdb113b13f2bfd98a8d29f3af9d7886fba30472f6d7cec3b6cfb803dec8edeacc445c1",
    "cab1f8de643a04dba35c3a7dbbaf5e6c9c1d357466079d5de43b3274124f833d6ab50a233c0a5461ca5e40b39c951c92749db62bcc9afc9a7f7acbdde25d0ec9",
    "55f414eb548f4c53910bdf488bf0f3d34bb1b8e46ed75e6297b60097aae15dd370dde0fdabba09b84b8e3b6197a17ebe2a2d1951f24075d65279e83d49fb86d6",
  ],
  "sha3-256": [
    "246a808d6bf50827a74167ca565535b44009adfa3cb5bcaff3ccddc795dcf0a4",
    "7dcfcbe107b55c156cd3ff355ebdf23e1ee6c0de571c51e3affe415f8cfbba64",
    "f150e1b20b9d49c5a2981bcc239423b2a60330427cee345e37efaf380ccc01ae",
    "e611469dce4d4bd25a2a17040b12c64801e4f1629c4dccf7ba594ba6300b9f69",
  ],
};

describe("a digest", () => {
  for (const [name, [coefficient, taskId, measurement, state]] of Object.entries(KNOWN)) {
    it(`${name} gives the known coefficient, task id, measurement and state`, () => {
      const hasher = testHasher(name as DigestName);
      const id = (byte: string): string => byte.repeat(hasher.size);
      const mapper = createMapper(hasher);
      const coe = {
        ...ROOT,
        uid: 1,
        euid: 2,
        suid: 3,
        gid: 4,
        egid: 5,
        sgid: 6,
        fsuid: 7,
        fsgid: 8,
      };
      const task = { taskId: id("11"), pTaskId: id("22") };
      const file = aFile("/etc/hosts", { digest: id("cc") });
      const event = anEvent("file_lock", { file, cmd: 1 }, { coe, task });
      assert.equal(mapper.coefficient(event), coefficient);
      assert.equal(mapper.taskId(task.pTaskId, coe, file), taskId);
      const model = createModel({ hasher, aggregate: id("aa") });
      for (const point of [id("02"), id("01")]) model.update(point);
      assert.equal(model.measurement(), measurement);
      assert.equal(model.state(), state);
    });
  }
});
