// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { aFile, anEvent, ROOT } from "../../../test/helpers/events.ts";
import { aModel } from "../../../test/helpers/models.ts";
import { SHA256 } from "../../../test/helpers/test-hasher.ts";
import type { SecurityEvent, TaskIdentity } from "../../event/index.ts";
import { BUILTIN_PROFILES, createMapper, createProfile } from "../index.ts";
import type { ProfileSpec } from "../index.ts";
import { compareModels, type ModelSide, nameRecords } from "./index.ts";

const mapper = createMapper(SHA256);
const digest = (n: number): string => n.toString(16).repeat(64);
const NOBODY: TaskIdentity = { taskId: mapper.zeroDigest, pTaskId: mapper.zeroDigest };

/** A program started by a task: who it is then, and the record of it. */
function exec(parent: TaskIdentity, program: string, content: string) {
  const file = aFile(program, { digest: content });
  const profile = createProfile(BUILTIN_PROFILES.portable, mapper);
  const taskId = mapper.taskId(parent.taskId, ROOT, profile.rewriteExecutable(file));
  const task = { taskId, pTaskId: parent.taskId };
  return { task, record: anEvent("bprm_committed_creds", { file }, { task }) };
}

/** A shell that starts cat and does what is wanted; `content` of the shell. */
function release(
  content: string,
  events: (sh: TaskIdentity, cat: TaskIdentity) => readonly SecurityEvent[],
  profile: ProfileSpec = BUILTIN_PROFILES.portable,
): ModelSide {
  const sh = exec(NOBODY, "/bin/sh", content);
  const cat = exec(sh.task, "/bin/cat", digest(2));
  const records = [sh.record, cat.record, ...events(sh.task, cat.task)].map((event) => ({ event }));
  const terms = { mapper, profile: createProfile(profile, mapper), pseudonyms: new Set<string>() };
  const points = [...nameRecords(records, terms).behaviours.keys()];
  return { model: aModel({ points, profile }), records };
}

const reads = (task: TaskIdentity, path: string, changes: Parameters<typeof aFile>[1] = {}) =>
  anEvent("file_open", { file: aFile(path, changes) }, { task });
const compare = (a: ModelSide, b: ModelSide) => compareModels(a, b, () => SHA256);

describe("compareModels", () => {
  it("finds nothing between the same", () => {
    const side = release(digest(1), (sh) => [reads(sh, "/a")]);
    const { same, common, behaviours } = compare(side, side);
    assert.equal(same, true);
    assert.equal(common, 1);
    assert.deepEqual(behaviours.programs, []);
  });

  it("tells an update of a program once, however many TASK_IDs it moved", () => {
    const events = (sh: TaskIdentity, cat: TaskIdentity) => [
      reads(sh, "/a"),
      reads(cat, "/b"),
      reads(cat, "/c"),
    ];
    const { same, behaviours } = compare(release(digest(1), events), release(digest(3), events));
    assert.equal(same, false);
    assert.deepEqual(behaviours.programs, []);
    assert.equal(behaviours.sameButContents, 3);
    assert.deepEqual(behaviours.contents, [{ path: "/bin/sh", use: "program", behaviours: 0 }]);
  });

  it("tells what an updated program does more and less, by program and kind", () => {
    const a = release(digest(1), (sh, cat) => [reads(cat, "/old"), reads(sh, "/a")]);
    const tcp = { family: 2, type: 1, protocol: 6 };
    const addr = { family: "inet", port: 20480, address: 16777343 } as const;
    const b = release(digest(3), (sh, cat) => [
      reads(sh, "/a"),
      anEvent("socket_connect", { sock: tcp, addr }, { task: cat }),
      reads(cat, "/etc/shadow"),
    ]);
    const [program, ...others] = compare(a, b).behaviours.programs;
    assert.deepEqual(others, []);
    assert.deepEqual(program?.chain, ["/bin/sh", "/bin/cat"]);
    assert.equal(program.status, "kept");
    assert.deepEqual(
      program.added.map(({ kind, words, risk }) => [kind, words, risk]),
      [
        ["network", "connects to 127.0.0.1:80 (tcp)", "error"],
        ["reads", "opens /etc/shadow for reading", "error"],
      ],
    );
    assert.deepEqual(
      program.removed.map(({ words }) => words),
      ["opens /old for reading"],
    );
  });

  it("tells another mode as something done otherwise", () => {
    const inode = { ...aFile("/a").inode, mode: 0o100600 };
    const a = release(digest(1), (sh) => [reads(sh, "/a")]);
    const b = release(digest(1), (sh) => [reads(sh, "/a", { inode })]);
    const [program] = compare(a, b).behaviours.programs;
    assert.deepEqual([program?.added, program?.removed], [[], []]);
    assert.deepEqual(program?.altered[0]?.differs, [
      { field: "file.inode.mode", expected: "33188", got: "33152" },
    ]);
  });

  it("tells a file with new content, and who else reads it unchanged", () => {
    const a = release(digest(1), (sh) => [reads(sh, "/conf"), reads(sh, "/a")]);
    const b = release(digest(1), (sh) => [
      reads(sh, "/conf", { digest: digest(4) }),
      reads(sh, "/a"),
    ]);
    const { behaviours, common } = compare(a, b);
    assert.deepEqual(behaviours.contents, [{ path: "/conf", use: "file", behaviours: 1 }]);
    assert.equal(common, 1);
  });

  it("tells what is there with another content besides the old one in one number", () => {
    const old = release(digest(1), (sh, cat) => [reads(sh, "/a"), reads(cat, "/b")]);
    const update = release(digest(3), (sh, cat) => [reads(sh, "/a"), reads(cat, "/b")]);
    const points = [...old.model.spec.points, ...update.model.spec.points];
    const both = { model: aModel({ points }), records: [...old.records, ...update.records] };
    const { programs, contents, alsoWithOtherContents } = compare(old, both).behaviours;
    assert.deepEqual(programs, []);
    assert.deepEqual(alsoWithOtherContents, { a: 0, b: 2 });
    assert.deepEqual(contents, [{ path: "/bin/sh", use: "program", behaviours: 0 }]);
    assert.deepEqual(compare(both, old).behaviours.alsoWithOtherContents, { a: 2, b: 0 });
  });

  it("does not count as different what only another rule spells otherwise", () => {
    const rule = { rule: "no-digest", path: "/log" } as const;
    const ruled = { name: "portable", rules: [...BUILTIN_PROFILES.portable.rules, rule] };
    const events = (sh: TaskIdentity) => [reads(sh, "/log"), reads(sh, "/a")];
    const a = release(digest(1), events);
    const b = release(digest(1), events, ruled);
    const { same, rules, behaviours, terms, common } = compare(a, b);
    assert.equal(same, false);
    assert.deepEqual(rules, { removed: [], added: [rule] });
    assert.deepEqual(terms, []);
    assert.deepEqual(behaviours.programs, []);
    assert.equal(common, 2);
  });

  it("names a new program and one that is gone", () => {
    const a = release(digest(1), (_, cat) => [reads(cat, "/a")]);
    const ls = (sh: TaskIdentity) => exec(sh, "/bin/ls", digest(5));
    const b = release(digest(1), (sh) => [ls(sh).record, reads(ls(sh).task, "/a")]);
    const withoutCat = { ...b, records: b.records.filter((_, i) => i !== 1) };
    assert.deepEqual(
      compare(a, withoutCat).behaviours.programs.map(({ chain, status }) => [chain.at(-1), status]),
      [
        ["/bin/cat", "gone"],
        ["/bin/ls", "new"],
      ],
    );
  });

  it("works without records", () => {
    const a = { ...release(digest(1), (sh) => [reads(sh, "/a")]), records: [] };
    const b = { ...release(digest(1), (sh) => [reads(sh, "/b")]), records: [] };
    const { behaviours, same } = compare(a, b);
    assert.equal(same, false);
    assert.deepEqual(behaviours.unnamed, { a: a.model.spec.points, b: b.model.spec.points });
  });
});
