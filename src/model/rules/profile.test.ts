// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { anyEvent } from "../../../test/helpers/any-event.ts";
import {
  aFile,
  anEvent,
  aPath,
  DIRECTORY_INODE,
  FILE_INODE,
} from "../../../test/helpers/events.ts";
import { SHA256 } from "../../../test/helpers/test-hasher.ts";
import type { FileId, PathId, SecurityEvent } from "../../event/index.ts";
import {
  BUILTIN_PROFILES,
  createMapper,
  createProfile,
  type Profile,
  type RuleSpec,
} from "../index.ts";
import { classOf, procSelf } from "./rewrite-path.ts";

const mapper = createMapper(SHA256);
const EMPTY = mapper.emptyDigest;
const CONTENT = "cc".repeat(32);
const OWNER = "ab".repeat(32);
const only = (...rules: readonly RuleSpec[]): Profile =>
  createProfile({ name: "test", rules }, mapper);
const portable = createProfile(BUILTIN_PROFILES.portable, mapper);
const exact = createProfile(BUILTIN_PROFILES.exact, mapper);

const chroot = (path: PathId, ids: { readonly pid?: number; readonly tgid?: number } = {}) =>
  anEvent("path_chroot", { path }, ids);
const pathAfter = (profile: Profile, path: PathId, ids = {}): PathId => {
  const e = profile.rewrite(chroot(path, ids));
  assert.ok(e.hook === "path_chroot");
  return e.cell.path;
};

describe("the profile exact", () => {
  it("leaves every event alone", () => {
    fc.assert(fc.property(anyEvent, (e) => assert.equal(exact.rewrite(e), e)));
    const file = aFile("/bin/sh");
    assert.equal(exact.rewriteExecutable(file), file);
    assert.equal(exact.wantsDigest("file_open", 0x8002, "/x"), true);
  });
});

describe("any profile", () => {
  const frozen = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    Object.freeze(value);
    Object.values(value).forEach(frozen);
  };

  it("changes nothing in place and has nothing left to do afterwards", () => {
    fc.assert(
      fc.property(anyEvent, (e) => {
        frozen(e);
        const once = portable.rewrite(e);
        assert.equal(portable.rewrite(once), once);
        assert.deepEqual({ ...once, cell: 0 }, { ...e, cell: 0 });
      }),
      { numRuns: 500 },
    );
  });

  it("returns the event itself when no rule applies", () => {
    const e = anEvent("syslog", { type: 3 });
    assert.equal(portable.rewrite(e), e);
  });

  it("rewrites every member that its kind says, wherever it stands", () => {
    const device = only({ rule: "drop-device" }, { rule: "drop-superblock-id" });
    fc.assert(
      fc.property(anyEvent, (e) => {
        const left = JSON.stringify(device.rewrite(e), (_, v) =>
          typeof v === "bigint" ? `${v}` : v,
        );
        assert.doesNotMatch(left, /"sId"|"sUuid"/);
        if (e.hook !== "inode_mknod") assert.doesNotMatch(left, /"dev":/);
      }),
      { numRuns: 500 },
    );
  });
});

describe("drop-device", () => {
  it("forgets the device of a path, not the device that is made", () => {
    const profile = only({ rule: "drop-device" });
    assert.deepEqual(pathAfter(profile, aPath("/a")), { pathname: "/a" });
    const dev = { major: 1, minor: 3 };
    const e = profile.rewrite(
      anEvent("inode_mknod", { dir: DIRECTORY_INODE, dentry: { path: aPath("/n") }, mode: 0, dev }),
    );
    assert.ok(e.hook === "inode_mknod");
    assert.deepEqual(e.cell.dev, dev);
    assert.deepEqual(e.cell.dentry, { path: { pathname: "/n" } });
  });
});

describe("drop-superblock-id", () => {
  it("forgets s_id and s_uuid and nothing else of an inode", () => {
    const profile = only({ rule: "drop-superblock-id" });
    const e = profile.rewrite(anEvent("file_open", { file: aFile("/a") }));
    assert.ok(e.hook === "file_open");
    assert.deepEqual(e.cell.file.inode, { uid: 0, gid: 0, mode: FILE_INODE.mode, sMagic: 0xef53 });
  });
});

describe("proc-self", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["/proc/10/maps", "/proc/self/maps"],
    ["/proc/12/maps", "/proc/self/maps"],
    ["/proc/11/maps", "/proc/{pid}/maps"],
    ["/proc/10", "/proc/self"],
    ["/proc/self/task/13/stat", "/proc/self/task/{tid}/stat"],
    ["/proc/10/task/12", "/proc/self/task/{tid}"],
    ["/proc/99/task/98/comm", "/proc/{pid}/task/{tid}/comm"],
    ["/proc/self/task", "/proc/self/task"],
    ["/proc/self/task/x", "/proc/self/task/x"],
    ["/proc/self/fd/3", "/proc/self/fd/3"],
    ["/proc/sys/kernel/10/task/5", "/proc/sys/kernel/10/task/5"],
    ["/proc/010/maps", "/proc/010/maps"],
    ["/proc/1x", "/proc/1x"],
    ["/process/10", "/process/10"],
    ["/x/proc/10", "/x/proc/10"],
    ["/proc", "/proc"],
  ];
  for (const [pathname, expected] of cases) {
    it(`makes ${expected} of ${pathname}`, () => {
      assert.equal(procSelf(pathname, 12, 10), expected);
      const after = pathAfter(only({ rule: "proc-self" }), { pathname }, { pid: 12, tgid: 10 });
      assert.equal(after.pathname, expected);
    });
  }

  it("knows no own process where nobody acts", () => {
    assert.equal(procSelf("/proc/0/x", 0, undefined), "/proc/0/x");
    const file = aFile("/proc/5/root/bin/sh");
    const executable = only({ rule: "proc-self" }).rewriteExecutable(file);
    assert.equal(executable.path.pathname, "/proc/{pid}/root/bin/sh");
  });
});

describe("ephemeral-port", () => {
  const swap = (port: number): number => ((port & 255) << 8) | (port >> 8);
  const profile = only({ rule: "ephemeral-port" });
  const sock = { family: 2, type: 1, protocol: 6 };
  const portAfter = (e: SecurityEvent): number | undefined => {
    const after = profile.rewrite(e);
    const cell = after.cell as { readonly addr?: { readonly port?: number } };
    return cell.addr?.port;
  };
  for (const hook of [
    "socket_connect",
    "socket_bind",
    "socket_sendmsg",
    "socket_accept",
  ] as const) {
    it(`makes one of all ports from 32768 on in ${hook}`, () => {
      const raw = hook === "socket_accept" ? (port: number) => port : swap;
      const at = (port: number) =>
        portAfter(anEvent(hook, { sock, addr: { family: "inet", port: raw(port), address: 1 } }));
      assert.equal(at(443), raw(443));
      assert.equal(at(32767), raw(32767));
      assert.equal(at(32768), 65535);
      assert.equal(at(50000), 65535);
      assert.equal(at(65535), 65535);
      const six = anEvent(hook, {
        sock,
        addr: { family: "inet6", port: raw(40000), address: "00".repeat(16), scope: 2 },
      });
      assert.equal(portAfter(six), 65535);
    });
  }

  it("makes one of all ports of netlink sockets but 0", () => {
    const netlink = { uid: 0, gid: 0, dstGroup: 0, flags: 0, nsidSet: 0, nsid: 0 };
    const send = (portid: number) =>
      profile.rewrite(
        anEvent("netlink_send", { sock: { family: 16, type: 3, protocol: 0 }, ...netlink, portid }),
      );
    const after = [0, 466, 4294962830].map(
      (port) => send(port).cell as { readonly portid?: number },
    );
    assert.deepEqual(
      after.map(({ portid }) => portid),
      [0, 65535, 65535],
    );
  });

  it("leaves other addresses alone", () => {
    const e = anEvent("socket_connect", { sock, addr: { family: "unix", address: "/40000" } });
    assert.equal(profile.rewrite(e), e);
  });
});

describe("created-class", () => {
  const profile = only({ rule: "created-class" });
  const created = (pathname: string, instance = 1n): PathId => ({
    owner: OWNER,
    instance,
    pathname,
  });
  const classes: readonly (readonly [string, string])[] = [
    ["/tmp/cc8Xk2.s", "s"],
    ["/a/b.log", "log"],
    ["/a/b.tar.gz", "gz"],
    ["/a/song.mp3", "mp3"],
    ["/a/lib.so", "so"],
    ["/a/libx.so.1", ""],
    ["/a/noext", ""],
    ["/a/.hidden", ""],
    ["/a/tmp.Ab3dEf", ""],
    ["/a/tmp.4f2a", ""],
    ["/a/x.abcdefghi", ""],
    ["/a/x.", ""],
    ["/a.d/x", ""],
    ["/a/x.l\u00f6g", ""],
  ];
  for (const [pathname, expected] of classes) {
    it(`puts ${pathname} into the class "${expected}"`, () => {
      assert.equal(classOf(pathname), expected);
      assert.deepEqual(pathAfter(profile, created(pathname)), {
        owner: OWNER,
        created: expected,
        pathname,
      });
    });
  }

  it("makes one behaviour of many files, told apart by directory, creator and class", () => {
    const coefficient = (path: PathId): string => mapper.coefficient(profile.rewrite(chroot(path)));
    const first = coefficient(created("/t/a1.o"));
    assert.equal(coefficient(created("/t/b2.o", 7n)), first);
    const others = [
      created("/u/a1.o"),
      created("/t/a1.s"),
      { ...created("/t/a1.o"), owner: "cd".repeat(32) },
      { pathname: "/t/a1.o" },
    ];
    assert.equal(new Set([first, ...others.map(coefficient)]).size, 5);
  });
});

describe("content digests", () => {
  const digestAfter = (profile: Profile, e: SecurityEvent): string => {
    const cell = profile.rewrite(e).cell as { readonly file: FileId };
    return cell.file.digest;
  };
  const noDigest = only({ rule: "no-digest", path: "/data" });
  const open = (flags: number, path = "/data") =>
    anEvent("file_open", { file: aFile(path, { flags }) });
  const map = anEvent("mmap_file", { file: aFile("/data", { flags: 2 }), prot: 5, flags: 2 });
  const cases: readonly (readonly [string, Profile, SecurityEvent, string])[] = [
    ["digest-policy keeps a read", portable, open(0x8000), CONTENT],
    ["digest-policy drops a write", portable, open(0x8001), EMPTY],
    ["digest-policy drops a read and write", portable, open(0x8002), EMPTY],
    ["digest-policy keeps a program", portable, open(0x8020), CONTENT],
    ["digest-policy keeps mapped code", portable, map, CONTENT],
    [
      "digest-policy keeps protected code",
      portable,
      anEvent("file_mprotect", { file: aFile("/d", { flags: 2 }), prot: 5 }),
      CONTENT,
    ],
    [
      "digest-policy keeps what the kernel loads",
      portable,
      anEvent("kernel_read_file", { file: aFile("/d", { flags: 2 }), id: 2, contents: 1 }),
      CONTENT,
    ],
    [
      "digest-policy drops a device that is written",
      portable,
      anEvent("file_ioctl", { file: aFile("/d", { flags: 2 }), cmd: 1 }),
      EMPTY,
    ],
    ["no-digest drops a read", noDigest, open(0x8000), EMPTY],
    ["no-digest keeps another path", noDigest, open(0x8000, "/data2"), CONTENT],
    ["no-digest keeps a program", noDigest, open(0x8020), CONTENT],
    ["no-digest keeps mapped code", noDigest, map, CONTENT],
  ];
  for (const [name, profile, event, expected] of cases) {
    it(name, () => {
      assert.equal(digestAfter(profile, event), expected);
      const { file } = event.cell as { readonly file: FileId };
      assert.equal(
        profile.wantsDigest(event.hook, file.flags, file.path.pathname),
        expected === CONTENT,
      );
    });
  }

  it("are always kept for the program behind a TASK_ID", () => {
    const profile = only({ rule: "digest-policy" }, { rule: "no-digest", path: "/bin/sh" });
    for (const flags of [0x8020, 0x8000, 2]) {
      assert.equal(profile.rewriteExecutable(aFile("/bin/sh", { flags })).digest, CONTENT);
    }
  });

  it("no-digest means the path as proc-self leaves it", () => {
    const profile = only({ rule: "proc-self" }, { rule: "no-digest", path: "/proc/self/x" });
    assert.equal(digestAfter(profile, open(0x8000, "/proc/10/x")), EMPTY);
  });
});

describe("found-or-made", () => {
  const rules = BUILTIN_PROFILES.portable.rules;
  const shared = only(...rules, { rule: "found-or-made", path: "/srv/stamp", asked: true });
  const made = (pathname: string): FileId =>
    aFile(pathname, {
      digest: EMPTY,
      path: { ...aPath(pathname), owner: OWNER, instance: 3n },
    });
  const mapped = (profile: Profile, file: FileId): string =>
    mapper.coefficient(profile.rewrite(anEvent("file_open", { file })));

  it("makes a file its name, whoever made it and whatever is in it", () => {
    assert.equal(mapped(shared, made("/srv/stamp")), mapped(shared, aFile("/srv/stamp")));
    for (const path of ["/srv/other", "/srv/stamp/x"])
      assert.notEqual(mapped(shared, made(path)), mapped(shared, aFile(path)));
    assert.notEqual(mapped(portable, made("/srv/stamp")), mapped(portable, aFile("/srv/stamp")));
    assert.equal(shared.wantsDigest("file_open", 0x8000, "/srv/stamp"), false);
  });

  it("leaves the content of programs alone", () => {
    const run = (digest: string): FileId => aFile("/srv/stamp", { flags: 0x8020, digest });
    assert.notEqual(mapped(shared, run("01".repeat(32))), mapped(shared, run("02".repeat(32))));
    assert.equal(shared.wantsDigest("file_open", 0x8020, "/srv/stamp"), true);
  });
});
