// SPDX-License-Identifier: Apache-2.0
// Classes of ports, hosts, values and filesystems at work, and whose they are: what they make equal, and what an attacker would like them to.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  aFile,
  anEvent,
  aPath,
  aSyscall,
  FILE_INODE,
  ROOT,
  TASK,
} from "../../../test/helpers/events.ts";
import {
  behaviours,
  different,
  mapper,
  same,
  withRules,
  withTemplates,
} from "../../../test/helpers/own-rules.ts";
import type { FileId, SecurityEvent, SockAddr, TaskIdentity } from "../../event/index.ts";
import { namePrograms, type OwnRule, type Profile, programName } from "../index.ts";

const asked = true as const;
const open = (pathname: string, changes: Partial<FileId> = {}, ids = {}) =>
  anEvent("file_open", { file: aFile(pathname, changes) }, ids);
const swap = (port: number): number => ((port & 255) << 8) | (port >> 8);
const sock = { family: 2, type: 1, protocol: 6 };
const NODE = "/usr/bin/node";
const task: TaskIdentity = { taskId: "aa".repeat(32), pTaskId: "22".repeat(32) };
type Use = "socket_bind" | "socket_connect" | "socket_accept" | "socket_sendmsg";
const raw = (use: Use, port: number): number => (use === "socket_accept" ? port : swap(port));
/** An address as the kernel has it: 10.1.2.3 is 3.2.1.10 from its other end. */
const inet = (text: string): number =>
  text.split(".").reduceRight((word, byte) => word * 256 + Number(byte), 0);
const at = (use: Use, port: number, address = "127.0.0.1", who = task) =>
  anEvent(
    use,
    { sock, addr: { family: "inet", port: raw(use, port), address: inet(address) } },
    { task: who },
  );

describe("port-class", () => {
  const rule = {
    rule: "port-class",
    program: NODE,
    use: "socket_bind",
    from: 1024,
    to: 32_767,
    asked,
  } as const;
  const named = (): Profile => {
    const profile = withRules(rule);
    profile.named(task.taskId, NODE);
    return profile;
  };

  it("makes ports of its range one, for its program and use", () => {
    same(named(), at("socket_bind", 1024), at("socket_bind", 8080), at("socket_bind", 32_767));
    different(
      named(),
      at("socket_bind", 8080),
      at("socket_bind", 1023),
      at("socket_bind", 40_000),
      at("socket_bind", 8080, "0.0.0.0"),
      at("socket_connect", 8080),
      at("socket_connect", 8081),
      at("socket_bind", 8080, "127.0.0.1", TASK),
      at("socket_bind", 8081, "127.0.0.1", TASK),
    );
  });

  for (const use of ["socket_connect", "socket_accept", "socket_sendmsg"] as const) {
    it(`knows the order of bytes in ${use}`, () => {
      const profile = withRules({ ...rule, use, from: 8000, to: 8100 });
      profile.named(task.taskId, NODE);
      same(profile, at(use, 8000), at(use, 8080), at(use, 8100));
      different(profile, at(use, 8080), at(use, 7999), at(use, 8101), at(use, swap(8080)));
    });
  }

  it("leaves ports of the kernel's choice one, and may take them in", () => {
    same(named(), at("socket_bind", 40_000), at("socket_bind", 50_000));
    const all = withRules({ ...rule, to: 65_535 });
    all.named(task.taskId, NODE);
    same(all, at("socket_bind", 8080), at("socket_bind", 40_000), at("socket_bind", 65_535));
  });

  it("holds for nobody whose program was not told, or was told in two ways", () => {
    const profile = withRules(rule);
    const two = [at("socket_bind", 8080), at("socket_bind", 8081)];
    different(profile, ...two);
    profile.named(task.taskId, "/usr/bin/nodejs");
    different(profile, ...two);
    profile.named(task.taskId, NODE);
    different(profile, ...two);
    const other = named();
    same(other, ...two);
    other.named(task.taskId, "/tmp/node");
    different(other, ...two);
    other.named(task.taskId, NODE);
    different(other, ...two);
  });
});

describe("host-class", () => {
  const rules: readonly OwnRule[] = [
    { rule: "host-class", program: NODE, use: "socket_connect", network: "192.0.2.0/24", asked },
    { rule: "host-class", program: NODE, use: "socket_connect", network: "2001:db8::/48", asked },
    {
      rule: "host-class",
      program: NODE,
      use: "socket_connect",
      network: "198.51.100.64/26",
      asked,
    },
  ];
  const profile = withRules(...rules);
  profile.named(task.taskId, NODE);
  const six = (address: string): SecurityEvent => {
    const addr: SockAddr = { family: "inet6", port: swap(443), address };
    return anEvent("socket_connect", { sock, addr }, { task });
  };

  it("makes addresses of its network one, and keeps the port", () => {
    const to = (address: string, port = 443) => at("socket_connect", port, address);
    same(profile, to("192.0.2.0"), to("192.0.2.1"), to("192.0.2.255"));
    same(profile, to("198.51.100.64"), to("198.51.100.127"));
    different(
      profile,
      to("192.0.2.1"),
      to("192.0.2.1", 4444),
      to("192.0.3.1"),
      to("192.0.1.255"),
      to("2.0.192.1"),
      to("198.51.100.64"),
      to("198.51.100.63"),
      to("198.51.100.128"),
      at("socket_bind", 443, "192.0.2.1"),
      at("socket_connect", 443, "192.0.2.1", TASK),
      at("socket_connect", 443, "192.0.2.2", TASK),
    );
  });

  it("does so with inet6, and does not take one family for the other", () => {
    same(profile, six("20010db8000000000000000000000001"), six("20010db80000ffff0000000000000002"));
    different(
      profile,
      six("20010db8000000000000000000000001"),
      six("20010db8000100000000000000000001"),
      six("00000000000000000000ffffc0000201"),
      six("00000000000000000000ffffc0000202"),
      at("socket_connect", 443, "192.0.2.1"),
    );
  });
});

describe("value-class", () => {
  const rules: readonly OwnRule[] = [
    { rule: "value-class", program: NODE, hook: "socket_listen", member: "backlog", asked },
    {
      rule: "value-class",
      program: NODE,
      hook: "syscall",
      syscall: "memfd_create",
      member: "text",
      asked,
    },
    {
      rule: "value-class",
      program: NODE,
      hook: "syscall",
      syscall: "setpriority",
      member: "args.1",
      asked,
    },
    { rule: "value-class", program: NODE, hook: "inode_setxattr", member: "value", asked },
  ];
  const profile = withRules(...rules);
  profile.named(task.taskId, NODE);
  const listen = (backlog: number, who = task) =>
    anEvent("socket_listen", { sock, backlog }, { task: who });
  const call = (name: string, args: readonly bigint[], text?: string) => ({
    ...aSyscall(name, args, text),
    task,
  });

  it("leaves out its member, of its program and call", () => {
    same(profile, listen(0), listen(128), listen(511));
    different(profile, listen(1), listen(1, TASK), listen(2, TASK));
    same(
      profile,
      call("memfd_create", [1n], "a"),
      call("memfd_create", [1n], "b"),
      call("memfd_create", [1n], ""),
    );
    different(
      profile,
      call("memfd_create", [1n], "a"),
      call("memfd_create", [2n], "a"),
      call("memfd_create", [1n]),
      call("mq_open", [1n], "a"),
      call("mq_open", [1n], "b"),
    );
    same(profile, call("setpriority", [0n, 7n, 3n]), call("setpriority", [0n, 9n, 3n]));
    different(
      profile,
      call("setpriority", [0n, 7n, 3n]),
      call("setpriority", [1n, 7n, 3n]),
      call("setpriority", [0n]),
    );
    const dentry = { inode: FILE_INODE, path: aPath("/a") };
    const set = (name: string, value: string) =>
      anEvent("inode_setxattr", { dentry, name, value, flags: 0 }, { task });
    same(profile, set("user.x", "AAAA"), set("user.x", "BBBB"));
    different(profile, set("user.x", "AAAA"), set("user.y", "AAAA"));
  });
});

describe("programs of rules", () => {
  const file = aFile("/srv/build-7/bin/x", { flags: 0x8020 });
  const created = {
    ...file,
    path: { pathname: "/srv/out/x.so", owner: "ab".repeat(32), instance: 3n },
  };

  it("have the names that the path rules leave", () => {
    const profile = withTemplates("/srv/build-{n}/");
    const nameOf = (image: FileId): string => programName(profile.rewriteExecutable(image).path);
    assert.equal(nameOf(file), "/srv//build-{n}/bin/x");
    assert.equal(nameOf(created), "/srv/out//{created}.so");
    assert.equal(
      nameOf({ ...created, path: { ...created.path, pathname: "/srv/out/y" } }),
      "/srv/out//{created}",
    );
  });

  it("are told by records that prove it, and by no others", () => {
    const profile = withRules({
      rule: "value-class",
      program: NODE,
      hook: "socket_listen",
      member: "backlog",
      asked,
    });
    const image = aFile(NODE, { flags: 0x8020 });
    const taskId = mapper.taskId(mapper.zeroDigest, ROOT, profile.rewriteExecutable(image));
    const who = { taskId, pTaskId: mapper.zeroDigest };
    const listen = (backlog: number) => anEvent("socket_listen", { sock, backlog }, { task: who });
    const record = (changes: Partial<FileId>, by = who) =>
      anEvent("bprm_committed_creds", { file: { ...image, ...changes } }, { task: by });
    const forged = { taskId: "bb".repeat(32), pTaskId: mapper.zeroDigest };
    const terms = { mapper, profile };
    namePrograms([record({ digest: "dd".repeat(32) }), record({}, forged), listen(1)], terms);
    different(profile, listen(1), listen(2));
    namePrograms([record({})], terms);
    same(profile, listen(1), listen(2));
    assert.equal(
      behaviours(
        profile,
        [1, 2].map((n) => ({ ...listen(n), task: forged })),
      ),
      2,
    );
  });
});

describe("filesystem-class", () => {
  const profile = withRules();
  const on = (sMagic: number) => open("/srv/x", { inode: { ...FILE_INODE, sMagic } });

  it("makes one kind of filesystems that hold ordinary files", () => {
    same(profile, ...[0xef53, 0x58465342, 0x9123683e, 0x794c7630, 0x01021994, 0x6969].map(on));
  });

  it("keeps those that the kernel or a process makes up", () => {
    // proc, sysfs, cgroup2, devpts, bpf, debugfs, securityfs, fuse, secretmem
    const odd = [
      0x9fa0, 0x62656572, 0x63677270, 0x1cd1, 0xcafe4a11, 0x64626720, 0x73636673, 0x65735546,
    ];
    different(profile, ...[0xef53, ...odd, 0x5345434d].map(on));
  });
});
