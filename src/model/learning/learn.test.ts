// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { anyBehaviour } from "../../../test/helpers/any-event.ts";
import {
  aFile,
  anEvent,
  aPath,
  DIRECTORY_INODE,
  FILE_INODE,
  ROOT,
} from "../../../test/helpers/events.ts";
import { aRunOf, FIDELITY } from "../../../test/helpers/models.ts";
import { SHA256, testHasher } from "../../../test/helpers/test-hasher.ts";
import {
  type FileId,
  parseRecord,
  type SecurityEvent,
  type TaskIdentity,
  writeRecord,
} from "../../event/index.ts";
import {
  BUILTIN_PROFILES,
  createMapper,
  createModel,
  createProfile,
  type LearnOptions,
  ModelError,
  modelFromRuns,
  type ProfileSpec,
  parseWorkloadModel,
  pseudonymOf,
  stringifyWorkloadModel,
} from "../index.ts";

const options = (changes: Partial<LearnOptions> = {}): LearnOptions => ({
  name: "demo",
  profile: BUILTIN_PROFILES.portable,
  hasher: SHA256,
  fidelity: FIDELITY,
  ...changes,
});
const learnt = (records: readonly SecurityEvent[], terms: LearnOptions) =>
  modelFromRuns([aRunOf(records)], terms);
const mapper = createMapper(SHA256);
const dir = DIRECTORY_INODE;
const open = (name: string, flags = 0x8000, digest?: string) =>
  anEvent("file_open", { file: aFile(name, { flags, ...(digest !== undefined && { digest }) }) });
const named = (pathname: string) => ({ path: aPath(pathname) });
const there = (pathname: string, inode = FILE_INODE) => ({ inode, path: aPath(pathname) });
const rulesOf = (...events: readonly SecurityEvent[]): readonly string[] =>
  learnt(events, options()).rules.map((r) => (r.rule === "no-digest" ? r.path : r.rule));

/** Records a run as a namespace does under a profile: execs give identities, which later events and created files carry. */
class Recorder {
  readonly records: SecurityEvent[] = [];
  readonly #profile;

  constructor(spec: ProfileSpec) {
    this.#profile = createProfile(spec, mapper);
  }

  exec(parent: string, file: FileId, process = "sh"): TaskIdentity {
    const taskId = mapper.taskId(parent, ROOT, this.#profile.rewriteExecutable(file));
    const task = { taskId, pTaskId: parent };
    this.records.push(anEvent("bprm_committed_creds", { file }, { task, process }));
    return task;
  }

  points(): readonly string[] {
    const behaviours = this.records.filter((e) => e.hook !== "bprm_committed_creds");
    return [...new Set(behaviours.map((e) => mapper.coefficient(this.#profile.rewrite(e))))].sort();
  }
}

function aRun(spec: ProfileSpec): Recorder {
  const run = new Recorder(spec);
  const program = { flags: 0x8020 };
  const shell = run.exec(mapper.zeroDigest, aFile("/bin/sh", program));
  const cat = run.exec(shell.taskId, aFile("/bin/cat", program), "cat");
  const made = { owner: cat.taskId, instance: 1n, pathname: "/tmp/prog.x" };
  const own = run.exec(shell.taskId, aFile("/tmp/prog.x", { ...program, path: made }), "prog");
  run.records.push(
    anEvent("file_open", { file: aFile("/etc/passwd") }, { task: cat }),
    anEvent(
      "file_open",
      { file: aFile("/tmp/prog.x", { path: made, digest: mapper.emptyDigest }) },
      { task: own },
    ),
    anEvent("task_kill", { target: cat.taskId, sig: 9, crossNs: 0 }, { task: shell }),
    anEvent("ptrace_traceme", { source: own.taskId }, { task: own }),
    anEvent(
      "socket_listen",
      { sock: { family: 2, type: 1, protocol: 6, owner: cat.taskId }, backlog: 1 },
      { task: own },
    ),
    anEvent("inode_unlink", { dir, dentry: { inode: FILE_INODE, path: made } }, { task: shell }),
    anEvent("path_chroot", { path: made }, { task: shell }),
    anEvent("sb_statfs", { dentry: { inode: FILE_INODE, path: made } }, { task: shell }),
    anEvent("task_setpgid", { task: cat.taskId, source: own.taskId }, { task: shell }),
    anEvent(
      "shm_shmat",
      { perm: { uid: 0, gid: 0, cuid: 0, cgid: 0, mode: 0o600, owner: cat.taskId }, shmflg: 0 },
      { task: own },
    ),
  );
  return run;
}

describe("modelFromRecords", () => {
  for (const name of ["exact", "portable"] as const) {
    it(`gives the points of the run itself under its own profile ${name}`, () => {
      const run = aRun(BUILTIN_PROFILES[name]);
      const { model } = learnt(run.records, options({ profile: BUILTIN_PROFILES[name] }));
      assert.deepEqual(model.spec.points, run.points());
      assert.equal(model.spec.completeness.behaviours, run.points().length);
    });

    it(`carries a run over to ${name}, task ids everywhere included`, () => {
      const other = name === "exact" ? "portable" : "exact";
      const recorded = aRun(BUILTIN_PROFILES[other]);
      const { model } = learnt(recorded.records, options({ profile: BUILTIN_PROFILES[name] }));
      assert.deepEqual(model.spec.points, aRun(BUILTIN_PROFILES[name]).points());
    });
  }

  it("learns from the text of records as from events", () => {
    const { records } = aRun(BUILTIN_PROFILES.portable);
    const read = records.map((e) => parseRecord(writeRecord(e)));
    assert.deepEqual(learnt(read, options()), learnt(records, options()));
  });

  it("makes a model that can be read back", () => {
    const { model } = learnt(aRun(BUILTIN_PROFILES.portable).records, options({ sealed: true }));
    const text = stringifyWorkloadModel(model);
    assert.deepEqual(parseWorkloadModel(text, { source: "x", hasher: testHasher }), model);
  });

  it("does not depend on the order of behaviours or on repetition", () => {
    fc.assert(
      fc.property(fc.array(anyBehaviour, { maxLength: 8 }), (events) => {
        const one = learnt(events, options());
        const two = learnt([...events].reverse().concat(events), options());
        assert.deepEqual(two.model.spec.points, one.model.spec.points);
        assert.deepEqual(two.rules, one.rules);
      }),
    );
  });

  it("has the state of a namespace that saw the same points", () => {
    const { model } = learnt(aRun(BUILTIN_PROFILES.portable).records, options());
    const live = createModel({ hasher: SHA256 });
    for (const point of [...model.spec.points].reverse()) live.update(point);
    assert.equal(model.spec.state, live.state());
  });

  it("names who is behind each task id", () => {
    const { identities } = learnt(aRun(BUILTIN_PROFILES.portable).records, options());
    const chain = [...identities.values()].map(({ file, process, pTaskId }) => [
      file.path.pathname,
      process,
      identities.get(pTaskId)?.file.path.pathname,
    ]);
    assert.deepEqual(chain, [
      ["/bin/sh", "sh", undefined],
      ["/bin/cat", "cat", "/bin/sh"],
      ["/tmp/prog.x", "prog", "/bin/sh"],
    ]);
  });

  it("takes aggregate, base and pseudonyms into the model", () => {
    const pseudonym = pseudonymOf("/data", SHA256);
    const settings = { aggregate: "aa".repeat(32), base: "bb".repeat(32), pseudonyms: [pseudonym] };
    const learn = (digest: string) =>
      learnt([open("/data", 0x8000, digest)], options(settings)).model;
    const model = learn("01".repeat(32));
    assert.equal(model.spec.aggregate, settings.aggregate);
    assert.equal(model.spec.base, settings.base);
    assert.deepEqual(model.spec.pseudonyms, [pseudonym]);
    assert.equal(learn("02".repeat(32)).spec.state, model.spec.state);
  });
});

describe("identities that cannot be carried over", () => {
  const code = (records: readonly SecurityEvent[], profile: ProfileSpec): string | undefined => {
    try {
      learnt(records, options({ profile }));
      return undefined;
    } catch (error) {
      assert.ok(error instanceof ModelError);
      return error.code;
    }
  };

  it("are refused when one recorded id stands for two programs", () => {
    const run = new Recorder(BUILTIN_PROFILES.portable);
    for (const instance of [1n, 2n]) {
      const path = { owner: "ab".repeat(32), instance, pathname: "/tmp/a.out" };
      run.exec(mapper.zeroDigest, aFile("/tmp/a.out", { flags: 0x8020, path }));
    }
    assert.equal(code(run.records, BUILTIN_PROFILES.portable), undefined);
    assert.equal(code(run.records, BUILTIN_PROFILES.exact), "AMBIGUOUS_IDENTITY");
  });

  it("are refused when the record of an identity is missing", () => {
    const { records } = aRun(BUILTIN_PROFILES.portable);
    const lacking = records.filter((e) => e.hook !== "bprm_committed_creds" || e.process !== "cat");
    assert.equal(code(lacking, BUILTIN_PROFILES.portable), undefined);
    assert.equal(code(lacking, BUILTIN_PROFILES.exact), "UNKNOWN_IDENTITY");
  });
});

describe("rules found in a run", () => {
  it("are none when nothing that is read was changed", () => {
    assert.deepEqual(rulesOf(open("/a"), open("/b", 0x8001), open("/c", 0x8020)), []);
  });

  const changes: readonly (readonly [string, SecurityEvent])[] = [
    ["writes", open("/data", 0x8001)],
    ["creates", anEvent("inode_create", { dir, dentry: named("/data"), mode: 0o100644 })],
    [
      "truncates",
      anEvent("inode_setattr", {
        dentry: there("/data"),
        attr: { valid: 8, mode: 0, uid: 0, gid: 0, size: 0n },
      }),
    ],
    ["removes", anEvent("inode_unlink", { dir, dentry: there("/data") })],
    [
      "renames something onto",
      anEvent("inode_rename", {
        oldDir: dir,
        oldDentry: there("/new"),
        newDir: dir,
        newDentry: named("/data"),
      }),
    ],
    [
      "renames",
      anEvent("inode_rename", {
        oldDir: dir,
        oldDentry: there("/data"),
        newDir: dir,
        newDentry: named("/old"),
      }),
    ],
    [
      "links onto",
      anEvent("inode_link", { oldDentry: there("/new"), dir, newDentry: named("/data") }),
    ],
    ["is given for writing", anEvent("file_receive", { file: aFile("/data", { flags: 0x8001 }) })],
    ["symlinks onto", anEvent("inode_symlink", { dir, dentry: named("/data"), oldName: "x" })],
  ];
  for (const [does, event] of changes) {
    it(`ignore the content of a file that the run reads and ${does}`, () => {
      assert.deepEqual(rulesOf(open("/data"), event), ["/data"]);
      assert.deepEqual(rulesOf(event, open("/data")), ["/data"]);
      assert.deepEqual(rulesOf(event), []);
    });
  }

  it("know files below a directory that was moved", () => {
    const move = anEvent("inode_rename", {
      oldDir: dir,
      oldDentry: there("/new", dir),
      newDir: dir,
      newDentry: named("/site"),
    });
    assert.deepEqual(rulesOf(move, open("/site/a/b"), open("/sites/c"), open("/d")), ["/site/a/b"]);
  });

  it("leave a mode change, a program, mapped code and what has no digest alone", () => {
    const written = open("/data", 0x8001);
    const chmod = anEvent("inode_setattr", {
      dentry: there("/x"),
      attr: { valid: 1, mode: 0, uid: 0, gid: 0, size: 0n },
    });
    assert.deepEqual(rulesOf(chmod, open("/x")), []);
    assert.deepEqual(rulesOf(written, open("/data", 0x8020)), []);
    assert.deepEqual(
      rulesOf(written, anEvent("mmap_file", { file: aFile("/data"), prot: 5, flags: 2 })),
      [],
    );
    assert.deepEqual(rulesOf(written, open("/data", 0x8000, mapper.emptyDigest)), []);
  });

  it("make a run with other content fit the model, and only for that file", () => {
    const run = (digest: string) => [open("/data", 0x8000, digest), open("/data", 0x8001)];
    const first = learnt(run("01".repeat(32)), options()).model;
    const profile = createProfile(first.spec.profile, mapper);
    const known = new Set(first.spec.points);
    for (const e of run("02".repeat(32)))
      assert.ok(known.has(mapper.coefficient(profile.rewrite(e))));
    const program = open("/data", 0x8020, "03".repeat(32));
    assert.ok(!known.has(mapper.coefficient(profile.rewrite(program))));
  });

  it("stand sorted, once each, behind those of the profile", () => {
    const events = ["/b", "/a", "/b"].flatMap((path) => [open(path), open(path, 0x8001)]);
    const { model, rules } = learnt(events, options());
    const evidence = {
      runs: [aRunOf(events).id],
      distinct: 1,
      values: ["cc".repeat(32)],
    };
    assert.deepEqual(rules, [
      { rule: "no-digest", path: "/a", evidence },
      { rule: "no-digest", path: "/b", evidence },
    ]);
    assert.deepEqual(model.spec.profile.rules, [...BUILTIN_PROFILES.portable.rules, ...rules]);
    const again = learnt(events, options({ profile: model.spec.profile }));
    assert.deepEqual(again.model, model);
    assert.deepEqual(again.rules, []);
  });

  it("are not made under the profile exact, nor for names that are no text", () => {
    const events = [open("/data"), open("/data", 0x8001)];
    assert.deepEqual(learnt(events, options({ profile: BUILTIN_PROFILES.exact })).rules, []);
    assert.deepEqual(rulesOf(open("/\udcff"), open("/\udcff", 0x8001)), []);
  });
});
