// SPDX-License-Identifier: Apache-2.0
// Templates of names at work, and content that does not count: what they make equal, and what an attacker would like them to.
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
  ROOT,
  TASK,
} from "../../../test/helpers/events.ts";
import {
  different,
  mapper,
  same,
  withRules,
  withTemplates,
} from "../../../test/helpers/own-rules.ts";
import type { FileId, PathId, SecurityEvent } from "../../event/index.ts";

const EMPTY = mapper.emptyDigest;
const asked = true as const;
const H40 = "0123456789abcdef".repeat(3).slice(0, 40);
const G40 = "f".repeat(40);
const open = (pathname: string, changes: Partial<FileId> = {}, ids = {}) =>
  anEvent("file_open", { file: aFile(pathname, changes) }, ids);
const openPath = (path: PathId) => anEvent("file_open", { file: aFile(path.pathname, { path }) });

describe("path-template", () => {
  const profile = withTemplates("/srv/cache/{hex:40}/i.{n}.js", "/srv/cache/{hex:40}");

  it("makes names that match one name, and no others", () => {
    same(profile, open(`/srv/cache/${H40}/i.1.js`), open(`/srv/cache/${G40}/i.22.js`));
    different(
      profile,
      open(`/srv/cache/${H40}/i.1.js`),
      open(`/srv/cache/${H40}/i.x.js`),
      open(`/srv/cache/${H40}0/i.1.js`),
      open(`/srv/cache/${H40}/j.1.js`),
      open(`/srv/cache2/${H40}/i.1.js`),
      open(`/srv/cache/${H40}`),
      open("/etc/shadow"),
    );
  });

  it("can not be imitated by a file of that name", () => {
    different(
      profile,
      open(`/srv/cache/${H40}`),
      open("/srv/cache/{hex:40}"),
      open("/srv/cache/{{hex:40}"),
    );
  });

  it("leaves everything else of the behaviour as it was", () => {
    const name = `/srv/cache/${H40}`;
    different(
      profile,
      open(name),
      open(name, { digest: "dd".repeat(32) }),
      open(name, { flags: 0x8001 }),
      open(name, { inode: { ...FILE_INODE, uid: 1000 } }),
      open(name, {}, { task: { ...TASK, taskId: "33".repeat(32) } }),
      open(name, {}, { coe: { ...ROOT, euid: 1000 } }),
    );
  });

  it("knows the actor's own number from that of others", () => {
    const own = withTemplates("/run/app.{pid}", "/run/log/{pid}/");
    const by = (pathname: string, pid: number, tgid = pid) => open(pathname, {}, { pid, tgid });
    same(
      own,
      by("/run/app.7", 7),
      by("/run/app.8", 8),
      by("/run/app.8", 9, 8),
      by("/run/app.9", 9, 8),
    );
    different(own, by("/run/app.7", 7), by("/run/app.7", 8), by("/run/app.9", 8));
    same(own, by("/run/log/7/x", 7), by("/run/log/8/x", 8));
    different(own, by("/run/log/7/x", 7), by("/run/log/7/x", 8), by("/run/log/7/y", 7));
    assert.ok(own.dependsOnProcess(by("/run/app.7", 8)));
    assert.ok(!own.dependsOnProcess(by("/run/app.x", 8)));
    assert.ok(!withTemplates("/run/app.{n}").dependsOnProcess(by("/run/app.7", 7)));
  });

  it("acts below temporary directories, after the rules about paths", () => {
    const below = withTemplates("/tmp//{{temporary}/{hex:2}/x", "/proc/self/fd/{n}");
    const inside = (name: string, rest: string) =>
      openPath({ pathname: `/tmp/${name}${rest}`, temporary: `/tmp/${name}` });
    same(below, inside("a1", "/00/x"), inside("b2", "/ff/x"));
    different(below, inside("a1", "/00/x"), open("/tmp/a1/00/x"), open("/tmp/{temporary}/00/x"));
    same(below, open("/proc/10/fd/3"), open("/proc/10/fd/4"));
    different(below, open("/proc/10/fd/3"), open("/proc/11/fd/3"));
  });

  it("acts on directories of created objects, whose names do not count", () => {
    const owner = "ab".repeat(32);
    const made = (pathname: string) => openPath({ pathname, owner, instance: 1n });
    same(profile, made(`/srv/cache/${H40}/a.js`), made(`/srv/cache/${G40}/b.js`));
    different(
      profile,
      made(`/srv/cache/${H40}/a.js`),
      made(`/srv/cache/${H40}/a.css`),
      made(`/srv/cache/${H40}0/a.js`),
      made("/srv/cache//{hex:40}x/a.js"),
    );
    // names that match are no other class than those that do not
    const files = withTemplates("/srv/data/x-{n}.js", "/srv/deep/{n}/y/z.js");
    same(files, made("/srv/data/x-1.js"), made("/srv/data/y.js"));
    same(files, made("/srv/deep/1/y/z.js"), made("/srv/deep/2/y/z.js"));
  });

  it("acts on names of unix sockets, abstract ones too", () => {
    const sockets = withTemplates("/run/s-{tmp}", "@s-{tmp}");
    const sock = { family: 1, type: 1, protocol: 0 };
    const bind = (address: string) =>
      anEvent("socket_bind", { sock, addr: { family: "unix", address } });
    same(sockets, bind("/run/s-abcdef"), bind("/run/s-x1y2z3"));
    same(sockets, bind("\0s-abcdef"), bind("\0s-x1y2z3"));
    different(
      sockets,
      bind("/run/s-abcdef"),
      bind("\0s-abcdef"),
      bind("s-abcdef"),
      bind("/run//s-{tmp}"),
      bind("/run/s-{tmp}"),
      bind("\0/s-{tmp}"),
      bind("/run/../run/s-abcdef"),
    );
  });

  it("acts on what symbolic links lead to, and never on what leads up", () => {
    const links = withTemplates("/srv/r/{name}", "build-{n}", "/srv/run-{n}/");
    const dir = DIRECTORY_INODE;
    const link = (oldName: string) =>
      anEvent("inode_symlink", { dir, dentry: { path: aPath("/srv/current") }, oldName });
    same(links, link("build-1"), link("build-2"));
    same(links, link("/srv/r/a"), link("/srv/r/b"));
    same(links, link("/srv/run-1/x"), link("/srv/run-2/x"));
    different(
      links,
      link("build-1"),
      link("/build-1"),
      link("/build-{n}"),
      link("../build-1"),
      link("/srv/r/a"),
      link("/srv/r/.."),
      link("/srv/r//{name}"),
      link("/srv/r/../../etc/shadow"),
      link("/srv/run-1/../../etc/shadow"),
      link("/srv/run-2/../../etc/shadow"),
      link("/srv/run-1/x"),
      link("/srv//run-{n}/x"),
    );
  });

  it("makes one TASK_ID of programs in directories that match, as long as their content is one", () => {
    const programs = withTemplates("/srv/build-{n}/");
    const id = (pathname: string, changes: Partial<FileId> = {}) =>
      mapper.taskId(
        mapper.zeroDigest,
        ROOT,
        programs.rewriteExecutable(aFile(pathname, { flags: 0x8020, ...changes })),
      );
    assert.equal(id("/srv/build-1/bin/x"), id("/srv/build-2/bin/x"));
    assert.notEqual(id("/srv/build-1/bin/x"), id("/srv/build-1/bin/y"));
    assert.notEqual(
      id("/srv/build-1/bin/x"),
      id("/srv/build-1/bin/x", { digest: "dd".repeat(32) }),
    );
    // nobody's number is in the name of a program
    const own = withTemplates("/srv/{pid}/x");
    assert.equal(own.rewriteExecutable(aFile("/srv/10/x")).path.pathname, "/srv/10/x");
  });
});

describe("content that does not count", () => {
  const form = "/srv/cache//{hex:40}";
  const profile = withRules(
    { rule: "path-template", template: "/srv/cache/{hex:40}", asked },
    { rule: "no-digest", path: form },
    { rule: "no-digest", path: "/srv/db" },
    { rule: "no-program-digest", path: "/srv/bin/x", asked },
  );
  const digestOf = (e: SecurityEvent): string => {
    const { cell } = profile.rewrite(e) as { readonly cell: { readonly file: FileId } };
    return cell.file.digest;
  };
  const name = `/srv/cache/${H40}`;
  const map = (pathname: string) =>
    anEvent("mmap_file", { file: aFile(pathname), prot: 5, flags: 2 });
  const load = (pathname: string) =>
    anEvent("kernel_read_file", { file: aFile(pathname), id: 2, contents: 1 });
  const owner = "ab".repeat(32);
  const temporary: PathId = { pathname: "/srv/db", temporary: "/srv" };
  const cases: readonly (readonly [
    string,
    SecurityEvent & { cell: { file?: FileId } },
    boolean,
  ])[] = [
    ["a read of a name that matches", open(name), false],
    ["a read of another name", open(`${name}0`), true],
    ["a read of the form itself", open("/srv/cache/{hex:40}"), true],
    ["a run of a name that matches", open(name, { flags: 0x8020 }), true],
    ["code of a name that matches", map(name), true],
    ["a run of a program that was asked for", open("/srv/bin/x", { flags: 0x8020 }), false],
    ["its code", map("/srv/bin/x"), false],
    ["a read of it", open("/srv/bin/x"), false],
    ["its loading into the kernel", load("/srv/bin/x"), true],
    ["a run of its neighbour", open("/srv/bin/x2", { flags: 0x8020 }), true],
    [
      "a run of it where it was created",
      open("/srv/bin/x", { flags: 0x8020, path: { pathname: "/srv/bin/x", owner, instance: 1n } }),
      false,
    ],
    [
      "a run of another created one",
      open("/srv/bin/y", { flags: 0x8020, path: { pathname: "/srv/bin/y", owner, instance: 1n } }),
      true,
    ],
    ["a read below a temporary directory", openPath(temporary), true],
  ];
  for (const [what, e, counts] of cases) {
    it(`${counts ? "counts" : "does not count"} in ${what}, and is computed only then`, () => {
      assert.equal(digestOf(e) !== EMPTY, counts);
      const { file } = e.cell;
      assert.ok(file !== undefined);
      const { pathname, temporary: above } = file.path;
      assert.equal(profile.wantsDigest(e.hook, file.flags, pathname, above), counts);
    });
  }

  it("is computed where only the process says whether it counts", () => {
    const own = withRules(
      { rule: "path-template", template: "/run/{pid}.db", asked },
      { rule: "no-digest", path: "/run//{pid}.db" },
      { rule: "no-digest", path: "/proc/self/x" },
    );
    assert.ok(own.wantsDigest("file_open", 0x8000, "/run/7.db"));
    assert.ok(own.wantsDigest("file_open", 0x8000, "/proc/7/x"));
    assert.ok(own.wantsDigest("file_open", 0x8000, "/proc/self/x"));
    assert.ok(
      !withRules({ rule: "no-digest", path: "/run/7.db" }).wantsDigest(
        "file_open",
        0x8000,
        "/run/7.db",
      ),
    );
  });

  it("does not count in the TASK_ID of a program that was asked for, and in no other", () => {
    const digest = (pathname: string) => profile.rewriteExecutable(aFile(pathname)).digest;
    assert.equal(digest("/srv/bin/x"), EMPTY);
    assert.notEqual(digest(name), EMPTY);
    assert.notEqual(digest("/srv/db"), EMPTY);
  });
});

describe("any event under rules of all kinds", () => {
  const program = "/usr/bin/x";
  const profile = withRules(
    ...["/a/{n}", "/a/{pid}", "/a/b{n}/", "/t//{{temporary}/{n}", "x{n}"].map(
      (template) => ({ rule: "path-template", template, asked }) as const,
    ),
    ...[
      "/a//{n}",
      "/a//{pid}",
      "/a//b{n}/c",
      "/t//{{temporary}//{n}",
      "/t/1/2",
      "/proc/self/x",
    ].map((path) => ({ rule: "no-digest", path }) as const),
    { rule: "no-program-digest", path: "/a//b{n}/d", asked },
    { rule: "port-class", program, use: "socket_bind", from: 0, to: 65_535, asked },
    { rule: "host-class", program, use: "socket_connect", network: "0.0.0.0/0", asked },
  );
  profile.named(TASK.taskId, program);

  it("is never changed in place, and always gives the same", () => {
    fc.assert(
      fc.property(anyEvent, (any) => {
        const e = { ...any, task: TASK } as SecurityEvent;
        const before = structuredClone(e);
        const once = profile.rewrite(e);
        assert.deepEqual(e, before);
        assert.deepEqual(profile.rewrite(e), once);
      }),
      { numRuns: 300 },
    );
  });

  it("has a content that is computed wherever it counts", () => {
    const part = fc.constantFrom("a", "t", "1", "7", "b1", "c", "d", "proc", "self", "x");
    const name = fc
      .array(part, { minLength: 1, maxLength: 4 })
      .map((parts) => `/${parts.join("/")}`);
    const path = fc.record(
      {
        pathname: name,
        temporary: fc.constantFrom("/t/1", "/t/7", "/a"),
        owner: fc.constant("ab".repeat(32)),
        instance: fc.constant(1n),
      },
      { requiredKeys: ["pathname"] },
    );
    const hook = fc.constantFrom("file_open", "mmap_file", "kernel_read_file", "file_ioctl");
    const flags = fc.constantFrom(0x8000, 0x8001, 0x8002, 0x8020);
    fc.assert(
      fc.property(path, hook, flags, (of, by, with_) => {
        const file = aFile(of.pathname, { path: of as PathId, flags: with_ });
        const cells = { prot: 5, flags: 2, id: 2, contents: 1, cmd: 1, file };
        const e = { ...anEvent("file_open", { file }), hook: by, cell: cells, pid: 7, tgid: 7 };
        const after = profile.rewrite(e as unknown as SecurityEvent).cell as {
          readonly file: FileId;
        };
        const wanted = profile.wantsDigest(by as "file_open", with_, of.pathname, of.temporary);
        assert.ok(wanted || after.file.digest === EMPTY, of.pathname);
      }),
      { numRuns: 3000 },
    );
  });
});
