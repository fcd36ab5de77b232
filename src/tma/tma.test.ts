// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { anyBehaviour } from "../../test/helpers/any-event.ts";
import { aFile, anEvent, ROOT, TASK } from "../../test/helpers/events.ts";
import {
  BUILTIN_PROFILES,
  createMapper,
  createProfile,
  pseudonymOf,
} from "../model/runtime/index.ts";
import type { SecurityEvent } from "../event/index.ts";
import { createTma, type TmaSpec } from "./tma.ts";
import { nodeHasher } from "./node-hasher.ts";

const SPEC: TmaSpec = {
  mapping: "tsem-v4",
  digest: "sha256",
  profile: BUILTIN_PROFILES.portable,
  points: [],
  pseudonyms: [],
  sealed: false,
};

/** The coefficient by the plain way: rules, then mapping. */
function plain(event: SecurityEvent, spec: TmaSpec): string {
  const mapper = createMapper(nodeHasher(spec.digest), spec.mapping);
  return mapper.coefficient(createProfile(spec.profile, mapper).rewrite(event));
}

describe("the agent in the asking thread", () => {
  for (const profile of [BUILTIN_PROFILES.portable, BUILTIN_PROFILES.exact]) {
    it(`gives the coefficients of rules and mapping, remembered or not (${profile.name})`, () => {
      const spec = { ...SPEC, profile };
      const agent = createTma(spec);
      fc.assert(
        fc.property(fc.array(anyBehaviour, { minLength: 1, maxLength: 4 }), (events) => {
          for (const event of [...events, ...events]) {
            // the same identities for all, as a sensor shares them: the memo may only tell events apart by the rest
            const shared = { ...event, task: TASK, coe: ROOT } as SecurityEvent;
            assert.equal(agent.assess(shared).coefficient, plain(shared, spec));
          }
        }),
      );
    });
  }

  it("knows programs that it has seen or that prove who they are, for the rules about them", () => {
    const { portable } = BUILTIN_PROFILES;
    const rule = {
      rule: "value-class",
      program: "/usr/bin/x",
      hook: "socket_listen",
      member: "backlog",
      asked: true,
    } as const;
    const spec = { ...SPEC, profile: { name: "portable", rules: [...portable.rules, rule] } };
    const sock = { family: 2, type: 1, protocol: 6 };
    const image = aFile("/usr/bin/x", { flags: 0x8020 });
    const seen = createTma(spec);
    const told = createTma(spec);
    const untold = createTma(spec);
    const task = seen.execed(seen.forked(seen.root), ROOT, image);
    told.introduce(anEvent("bprm_committed_creds", { file: image }, { task, coe: ROOT }));
    const forged = { ...task, taskId: "ab".repeat(32) };
    told.introduce(anEvent("bprm_committed_creds", { file: image }, { task: forged }));
    const kinds = (agent: typeof seen, who = task): number => {
      const listen = (backlog: number) =>
        anEvent("socket_listen", { sock, backlog }, { task: who });
      return new Set([1, 2].map((n) => agent.coefficient(listen(n)))).size;
    };
    assert.deepEqual([kinds(seen), kinds(told), kinds(untold), kinds(told, forged)], [1, 1, 2, 2]);
  });

  it("tells files apart by each of their members", () => {
    const agent = createTma({ ...SPEC, profile: BUILTIN_PROFILES.exact });
    const file = aFile("/a b");
    const inode = file.inode;
    const variants = [
      file,
      { ...file, flags: 1 },
      { ...file, digest: "dd".repeat(32) },
      { ...file, path: { ...file.path, pathname: "/a  b" } },
      { ...file, path: { pathname: "/a b" } },
      { ...file, path: { ...file.path, dev: { major: 25, minor: 40 } } },
      ...(["uid", "gid", "mode", "sMagic"] as const).map((member) => ({
        ...file,
        inode: { ...inode, [member]: 77 },
      })),
      { ...file, inode: { ...inode, sId: "vda " } },
      { ...file, inode: { ...inode, sUuid: "22".repeat(16) } },
    ];
    const coefficients = variants.map(
      (one) => agent.assess(anEvent("file_open", { file: one })).coefficient,
    );
    assert.equal(new Set(coefficients).size, variants.length);
    const again = variants.map((one) => agent.assess(anEvent("file_open", { file: one })));
    assert.deepEqual(
      again.map(({ coefficient }) => coefficient),
      coefficients,
    );
    assert.ok(again.every(({ added }) => !added));
    assert.deepEqual(
      agent.points().map(({ count }) => count),
      variants.map(() => 2),
    );
  });

  it("names another program's number in /proc anew for each process", () => {
    const agent = createTma(SPEC);
    const file = aFile("/proc/10/maps");
    const own = agent.assess(anEvent("file_open", { file }, { pid: 10, tgid: 10 }));
    const others = agent.assess(anEvent("file_open", { file }, { pid: 11, tgid: 11 }));
    assert.notEqual(own.coefficient, others.coefficient);
  });

  it("gives a child its parent's identity, and a program its own", () => {
    const agent = createTma(SPEC);
    const sh = agent.execed(agent.root, ROOT, aFile("/bin/sh"));
    assert.equal(sh.pTaskId, agent.root.taskId);
    const child = agent.forked(sh);
    assert.deepEqual(child, { taskId: sh.taskId, pTaskId: sh.taskId });
    assert.equal(agent.forked(sh), child);
    const cat = agent.execed(child, ROOT, aFile("/bin/cat"));
    assert.equal(cat.pTaskId, sh.taskId);
    assert.notEqual(cat.taskId, sh.taskId);
    assert.deepEqual(agent.execed(child, ROOT, aFile("/bin/cat")), cat);
  });

  it("starts from points, and is closed when it is told so", () => {
    const event = anEvent("file_open", { file: aFile("/allowed") });
    const { coefficient } = createTma(SPEC).assess(event);
    const sealed = createTma({ ...SPEC, points: [coefficient], sealed: true });
    assert.deepEqual(sealed.assess(event), { coefficient, added: false, valid: true });
    const other = anEvent("file_open", { file: aFile("/other") });
    assert.equal(sealed.assess(other).valid, false);
    const opened = createTma({ ...SPEC, points: [coefficient] });
    assert.deepEqual(opened.assess(other).valid, true);
    opened.seal();
    assert.equal(opened.assess(anEvent("file_open", { file: aFile("/third") })).valid, false);
  });

  it("hides the content of files that a pseudonym stands for", () => {
    const pseudonym = pseudonymOf("/log", nodeHasher("sha256"));
    const agent = createTma({ ...SPEC, pseudonyms: [pseudonym] });
    const event = (path: string, digest: string) =>
      agent.assess(anEvent("file_open", { file: aFile(path, { digest }) })).coefficient;
    assert.equal(event("/log", "aa".repeat(32)), event("/log", "bb".repeat(32)));
    assert.notEqual(event("/other", "aa".repeat(32)), event("/other", "bb".repeat(32)));
  });

  it("does not apply rules where the mapping hashes what they leave out", () => {
    assert.throws(() => createTma({ ...SPEC, mapping: "quixote-2025" }), {
      code: "INCOMPATIBLE",
    });
  });

  it("maps as Quixote, pseudonyms included, and gives no verdict of what has no place there", () => {
    const spec: TmaSpec = {
      ...SPEC,
      mapping: "quixote-2025",
      profile: BUILTIN_PROFILES.exact,
      pseudonyms: [pseudonymOf("/log", nodeHasher("sha256"))],
    };
    const agent = createTma(spec);
    const event = (pathname: string, digest: string): SecurityEvent => {
      const file = aFile(pathname, { digest, path: { type: "root", pathname } });
      return anEvent("file_open", { file });
    };
    const hidden = event("/log", agent.emptyDigest);
    assert.equal(agent.assess(hidden).coefficient, plain(hidden, spec));
    assert.equal(agent.assess(event("/log", "aa".repeat(32))).coefficient, plain(hidden, spec));
    assert.equal(agent.assess(event("/other", "aa".repeat(32))).added, true);
    assert.throws(() => agent.assess(anEvent("file_mprotect", { prot: 4 })), {
      code: "NOT_MAPPABLE",
    });
    assert.equal(agent.counts.points, 2);
  });

  it("takes a base before the aggregate where Quixote does", () => {
    const { aggregate, base } = { aggregate: "11".repeat(32), base: "22".repeat(32) };
    const measured = (mapping: TmaSpec["mapping"], set: Partial<TmaSpec>) =>
      createTma({
        ...SPEC,
        profile: BUILTIN_PROFILES.exact,
        mapping,
        aggregate,
        ...set,
      }).measurement();
    assert.equal(measured("tsem-v4", { base }), measured("tsem-v4", {}));
    assert.notEqual(measured("quixote-2025", { base }), measured("quixote-2025", {}));
  });
});
