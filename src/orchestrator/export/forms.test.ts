// SPDX-License-Identifier: Apache-2.0
// Behaviours in the forms of what others enforce.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  aFile,
  anEvent,
  aPath,
  aSyscall,
  DIRECTORY_INODE,
  FILE_INODE,
  TASK,
} from "../../../test/helpers/events.ts";
import type { SecurityEvent } from "../../event/index.ts";
import { BUILTIN_PROFILES, createMapper, createProfile, type RuleSpec } from "../../model/index.ts";
import { nodeHasher } from "../../tma/index.ts";
import type { Behaviour } from "../disclosed/disclose.ts";
import { usedCalls } from "./calls.ts";
import { landlockExport, landlockLosses } from "./landlock.ts";
import { networkOf } from "./network.ts";
import { ociSeccomp } from "./oci-seccomp.ts";
import { rightsOf } from "./rights.ts";
import { systemdExport } from "./systemd.ts";

const RULES = BUILTIN_PROFILES.portable.rules;
const EXEC = 0x8020;
const TCP = { family: 2, type: 1, protocol: 0 };
const LOOPBACK = 16777343;

function behavioursOf(
  events: readonly SecurityEvent[],
  rules: readonly RuleSpec[] = RULES,
): Behaviour[] {
  const profile = createProfile({ name: "portable", rules }, createMapper(nodeHasher("sha256")));
  return events.map((event, at) => ({
    coefficient: `${at}`,
    event,
    mapped: profile.rewrite(event),
  }));
}

const swapped = (port: number): number => ((port & 0xff) << 8) | (port >> 8);
const created = (pathname: string) => ({ ...aPath(pathname), owner: TASK.taskId, instance: 1n });

const PROGRAM = [
  anEvent("file_open", { file: aFile("/usr/bin/app", { flags: EXEC }) }),
  anEvent("mmap_file", { file: aFile("/usr/lib/libc.so.6"), prot: 5, flags: 5 }),
  anEvent("file_open", { file: aFile("/etc/app.conf") }),
  anEvent("inode_create", {
    dir: DIRECTORY_INODE,
    dentry: { path: created("/var/lib/app/x.db") },
    mode: 0o100644,
  }),
  anEvent("file_open", {
    file: aFile("/var/lib/app/x.db", { flags: 0x8042, path: created("/var/lib/app/x.db") }),
  }),
  anEvent("inode_unlink", {
    dir: DIRECTORY_INODE,
    dentry: { inode: FILE_INODE, path: aPath("/run/app/pid") },
  }),
  anEvent("socket_create", { ...TCP, kern: 0 }),
  anEvent("socket_bind", {
    sock: TCP,
    addr: { family: "inet", port: swapped(8080), address: LOOPBACK },
  }),
  anEvent("socket_connect", {
    sock: TCP,
    addr: { family: "inet", port: swapped(5432), address: 0x0a02000a },
  }),
  anEvent("task_kill", { target: TASK.taskId, sig: 15, crossNs: 0 }),
  anEvent("task_prctl", { option: 36, arg2: 1n, arg3: 0n, arg4: 0n, arg5: 0n }),
  aSyscall("memfd_create", [1n], "jit"),
];

describe("a model as an OCI seccomp profile", () => {
  const profile = (events: readonly SecurityEvent[], rules: readonly RuleSpec[] = RULES) =>
    ociSeccomp(usedCalls(behavioursOf(events, rules), rules), "x64");
  const rulesFor = (name: string, events: readonly SecurityEvent[] = PROGRAM) =>
    profile(events).syscalls.filter(({ names }) => names.includes(name));

  it("refuses what no hook of the model stands for, and allows what Galgo does not look at", () => {
    const { defaultAction, defaultErrnoRet, architectures } = profile(PROGRAM);
    assert.deepEqual(
      [defaultAction, defaultErrnoRet, architectures],
      ["SCMP_ACT_ERRNO", 1, ["SCMP_ARCH_X86_64"]],
    );
    for (const name of ["symlink", "mount", "bpf", "setuid", "listen", "io_uring_setup", "ptrace_"])
      assert.deepEqual(rulesFor(name), [], name);
    for (const name of [
      "read",
      "futex",
      "openat",
      "unlink",
      "unlinkat",
      "bind",
      "connect",
      "sendmsg",
    ])
      assert.equal(rulesFor(name)[0]?.args, undefined, name);
    assert.deepEqual(rulesFor("clone3"), [
      { names: ["clone3"], action: "SCMP_ACT_ERRNO", errnoRet: 38 },
    ]);
  });

  it("filters arguments where they make the behaviour", () => {
    assert.deepEqual(
      rulesFor("socket").map(({ args }) => args),
      [
        [
          { index: 0, value: 0xffffffff, valueTwo: 2, op: "SCMP_CMP_MASKED_EQ" },
          { index: 1, value: 0xf, valueTwo: 1, op: "SCMP_CMP_MASKED_EQ" },
          { index: 2, value: 0xffffffff, valueTwo: 0, op: "SCMP_CMP_MASKED_EQ" },
        ],
      ],
    );
    const values = (name: string, index: number) =>
      rulesFor(name).map(({ args }) => args?.find((each) => each.index === index)?.valueTwo);
    // without PROT_EXEC nobody looks; with it only as it was
    assert.deepEqual(values("mmap", 2), [0, 5]);
    assert.deepEqual(values("kill", 1), [15]);
    assert.deepEqual(values("memfd_create", 1), [1]);
    assert.ok(values("prctl", 0).includes(36));
    assert.ok(!values("prctl", 0).includes(4));
    // namespaces: none
    assert.deepEqual(rulesFor("clone")[0]?.args, [
      { index: 0, value: 0x7e020000, valueTwo: 0, op: "SCMP_CMP_MASKED_EQ" },
    ]);
  });

  it("compares each argument once in a rule, because that is all that the runtimes can do", () => {
    for (const { args = [] } of profile(PROGRAM).syscalls) {
      const positions = args.map(({ index }) => index);
      assert.equal(new Set(positions).size, positions.length);
    }
  });

  it("does not filter what the rules of the model say varies", () => {
    const rules: RuleSpec[] = [
      ...RULES,
      {
        rule: "value-class",
        program: "/usr/bin/app",
        hook: "syscall",
        syscall: "memfd_create",
        member: "args.0",
        asked: true,
      },
    ];
    const found = profile(PROGRAM, rules).syscalls.find(({ names }) =>
      names.includes("memfd_create"),
    );
    assert.equal(found?.args, undefined);
  });

  it("opens namespaces, tracing and identities as the model has them", () => {
    const events = [
      aSyscall("clone", [0x10000000n]),
      anEvent("ptrace_traceme", { source: TASK.taskId }),
      anEvent("task_fix_setuid", { flags: 4, ids: [1000, 1000, 1000] }),
    ];
    assert.deepEqual(
      rulesFor("clone", events).map(({ args }) => args?.[0]?.valueTwo),
      [0, 0x10000000],
    );
    const traces = rulesFor("ptrace", events);
    assert.ok(traces.some(({ args }) => args?.[0]?.value === 0xffffffff && args[0].valueTwo === 0));
    assert.deepEqual(
      rulesFor("setresuid", events)[0]?.args?.map(({ valueTwo }) => valueTwo),
      [1000, 1000, 1000],
    );
    assert.deepEqual(rulesFor("setuid", events), []);
  });
});

describe("a model as Landlock rules", () => {
  const parts = (events: readonly SecurityEvent[]) => {
    const behaviours = behavioursOf(events);
    return {
      name: "app",
      model: "00",
      behaviours,
      rights: rightsOf(behaviours),
      network: networkOf(behaviours, RULES),
    };
  };

  it("gives each place what is done there", () => {
    const { rules, scoped, abi } = landlockExport(parts(PROGRAM)).spec;
    assert.equal(abi, 6);
    assert.deepEqual(scoped, ["abstract_unix_socket", "signal"]);
    assert.deepEqual(rules, [
      { type: "path_beneath", path: "/etc/app.conf", object: "file", allowedAccess: ["read_file"] },
      {
        type: "path_beneath",
        path: "/run/app",
        object: "directory",
        allowedAccess: ["remove_file"],
      },
      {
        type: "path_beneath",
        path: "/usr/bin/app",
        object: "file",
        allowedAccess: ["execute", "read_file"],
      },
      {
        type: "path_beneath",
        path: "/var/lib/app",
        object: "directory",
        allowedAccess: ["write_file", "read_file", "make_reg"],
      },
      { type: "net_port", port: 8080, allowedAccess: ["bind_tcp"] },
      { type: "net_port", port: 5432, allowedAccess: ["connect_tcp"] },
    ]);
  });

  it("moves between directories with what the kernel asks for", () => {
    const rename = anEvent("inode_rename", {
      oldDir: DIRECTORY_INODE,
      oldDentry: { inode: FILE_INODE, path: aPath("/srv/in/a") },
      newDir: DIRECTORY_INODE,
      newDentry: { inode: FILE_INODE, path: aPath("/srv/out/a") },
    });
    assert.deepEqual(
      landlockExport(parts([rename])).spec.rules.map((rule) => rule.allowedAccess),
      [
        ["remove_file", "refer"],
        ["remove_file", "make_reg", "refer"],
      ],
    );
  });

  it("moves a directory, and makes a FIFO, with the rights for those", () => {
    const moved = anEvent("inode_rename", {
      oldDir: DIRECTORY_INODE,
      oldDentry: { inode: DIRECTORY_INODE, path: aPath("/srv/in/d") },
      newDir: DIRECTORY_INODE,
      newDentry: { path: aPath("/srv/out/d") },
    });
    const fifo = anEvent("inode_mknod", {
      dir: DIRECTORY_INODE,
      dentry: { path: aPath("/srv/fifos/f") },
      mode: 0o010600,
      dev: { major: 0, minor: 0 },
    });
    const rights = new Map(
      landlockExport(parts([moved, fifo])).spec.rules.flatMap((rule) =>
        rule.type === "path_beneath" ? [[rule.path, rule.allowedAccess] as const] : [],
      ),
    );
    assert.deepEqual(rights.get("/srv/in"), ["remove_dir", "refer"]);
    assert.deepEqual(rights.get("/srv/out"), ["make_dir", "refer"]);
    assert.deepEqual(rights.get("/srv/fifos"), ["make_fifo"]);
  });

  it("says which directories stand for what the model tells apart", () => {
    const losses = landlockLosses(parts(PROGRAM)).map(({ text }) => text);
    assert.ok(
      losses.some((text) =>
        text.includes("makes itself do not count: everything below /var/lib/app"),
      ),
    );
    assert.ok(losses.some((text) => /done everywhere below it: \/run\/app/.test(text)));
  });

  it("is one range where ports count as one", () => {
    const bind = anEvent("socket_bind", {
      sock: TCP,
      addr: { family: "inet", port: swapped(40000), address: 0 },
    });
    assert.deepEqual(landlockExport(parts([bind])).spec.rules, [
      { type: "net_port", from: 32768, to: 65535, allowedAccess: ["bind_tcp"] },
    ]);
  });
});

describe("a model as a drop-in of a systemd unit", () => {
  function unit(events: readonly SecurityEvent[]): string {
    const behaviours = behavioursOf(events);
    return systemdExport(
      {
        name: "app",
        model: "00",
        behaviours,
        rules: RULES,
        seesCapabilities: false,
        calls: usedCalls(behaviours, RULES),
        rights: rightsOf(behaviours),
        network: networkOf(behaviours, RULES),
      },
      [],
    ).text;
  }
  const lines = (events: readonly SecurityEvent[], name: string) =>
    unit(events)
      .split("\n")
      .filter((line) => line.startsWith(`${name}=`))
      .map((line) => line.slice(name.length + 1));

  it("restricts calls, families, ports, peers, writing and programs to those of the model", () => {
    const calls = lines(PROGRAM, "SystemCallFilter").join(" ").split(" ");
    assert.ok(
      calls.includes("unlink") &&
        calls.includes("memfd_create") &&
        calls.includes("~clone3:ENOSYS"),
    );
    assert.ok(!calls.includes("symlink") && !calls.includes("ptrace") && !calls.includes("clone3"));
    assert.deepEqual(lines(PROGRAM, "RestrictAddressFamilies"), ["AF_INET"]);
    assert.deepEqual(lines(PROGRAM, "SocketBindAllow"), ["ipv4:tcp:8080"]);
    assert.deepEqual(lines(PROGRAM, "IPAddressAllow"), ["10.0.2.10"]);
    assert.deepEqual(lines(PROGRAM, "ReadWritePaths"), ["-/run/app", "-/var/lib/app"]);
    assert.deepEqual(lines(PROGRAM, "ExecPaths"), ["-/usr/bin/app", "-/usr/lib/libc.so.6"]);
    for (const [name, value] of [
      ["NoNewPrivileges", "yes"],
      ["RestrictNamespaces", "yes"],
      ["MemoryDenyWriteExecute", "yes"],
      ["ProtectSystem", "strict"],
      ["ProtectHome", "yes"],
      ["PrivateTmp", "yes"],
      ["PrivateDevices", "yes"],
      ["NoExecPaths", "/"],
      ["SystemCallArchitectures", "native"],
    ] as const)
      assert.deepEqual(lines(PROGRAM, name), [value], name);
  });

  it("leaves out what the model needs otherwise, and says so", () => {
    const events = [
      anEvent("file_open", {
        file: aFile("/usr/bin/su", { flags: EXEC, inode: { ...FILE_INODE, mode: 0o104755 } }),
      }),
      anEvent("mmap_file", { prot: 7, flags: 7 }),
      anEvent("file_open", { file: aFile("/home/me/x") }),
      anEvent("file_open", { file: aFile("/tmp/shared") }),
      anEvent("file_open", {
        file: aFile("/dev/fuse", { inode: { ...FILE_INODE, mode: 0o020666 } }),
      }),
      anEvent("socket_bind", { sock: TCP, addr: { family: "inet", port: 0, address: 0 } }),
      anEvent("socket_accept", { sock: TCP, addr: { family: "inet", port: 80, address: 0 } }),
      aSyscall("unshare", [0x10000000n]),
    ];
    const text = unit(events);
    for (const name of [
      "NoNewPrivileges",
      "MemoryDenyWriteExecute",
      "PrivateTmp",
      "PrivateDevices",
      "IPAddressDeny",
    ])
      assert.deepEqual(lines(events, name), [], name);
    assert.deepEqual(lines(events, "ProtectHome"), ["read-only"]);
    assert.deepEqual(lines(events, "RestrictNamespaces"), ["user"]);
    assert.deepEqual(lines(events, "SocketBindAllow"), ["ipv4:tcp"]);
    for (const words of [
      /setuid or setgid/,
      /made executable/,
      /\/tmp is shared/,
      /home directories can be read/,
      /accepted is not known/,
      /kernel chooses a port/,
    ])
      assert.match(text, new RegExp(`^# - weaker: .*${words.source}`, "m"));
  });

  it("writes paths as unit files want them, and loses those that they can not hold", () => {
    const write = (pathname: string) =>
      anEvent("file_open", { file: aFile(pathname, { flags: 0x8001 }) });
    const text = unit([write("/srv/100% sure"), write('/srv/a"b')]);
    assert.match(text, /^ReadWritePaths="-\/srv\/100%% sure"$/m);
    assert.match(text, /stricter: a unit file can not name/);
  });
});
