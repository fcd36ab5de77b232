// SPDX-License-Identifier: Apache-2.0
// The rule generated-code: who may write code and run it may have it in another way; nobody else, and no other file.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { aFile, anEvent, ROOT } from "../../../test/helpers/events.ts";
import { aRunOf, FIDELITY } from "../../../test/helpers/models.ts";
import { SHA256 } from "../../../test/helpers/test-hasher.ts";
import type { SecurityEvent } from "../../event/index.ts";
import { generatedCode } from "./generated-code.ts";
import { BUILTIN_PROFILES, createMapper, createProfile, modelFromRuns } from "../index.ts";

const mapper = createMapper(SHA256);
const { portable } = BUILTIN_PROFILES;
const program = { ...aFile("/usr/bin/node"), flags: 0x8020 };
const task = {
  taskId: mapper.taskId(
    mapper.zeroDigest,
    ROOT,
    createProfile(portable, mapper).rewriteExecutable(program),
  ),
  pTaskId: mapper.zeroDigest,
};
const started = anEvent("bprm_committed_creds", { file: program }, { task });
const made = (prot: number, changes = {}): SecurityEvent =>
  anEvent("file_mprotect", { prot }, { task, ...changes });
const opened = anEvent("file_open", { file: aFile("/usr/bin/node") }, { task });
const mapped = (pathname: string): SecurityEvent =>
  anEvent("mmap_file", { file: aFile(pathname), prot: 5, flags: 5 }, { task });

const pointsOf = (...events: readonly SecurityEvent[]): ReadonlySet<string> => {
  const { model } = modelFromRuns([aRunOf([started, ...events])], {
    name: "node",
    profile: portable,
    hasher: SHA256,
    fidelity: FIDELITY,
  });
  return new Set(model.spec.points);
};

describe("generated-code", () => {
  it("makes starts alike that map the program again, copy it, or do neither", () => {
    const plain = pointsOf(made(7));
    assert.deepEqual(pointsOf(made(7), opened, mapped("/usr/bin/node")), plain);
    assert.deepEqual(pointsOf(made(7), opened, made(5)), plain);
    assert.equal(plain.size, 4);
  });

  it("is for programs that write code and run it, and for their own file", () => {
    assert.equal(pointsOf(made(5)).size, 1);
    assert.equal(pointsOf(made(7), mapped("/tmp/evil.so")).size, 5);
    const other = aFile("/usr/lib/x.so");
    assert.equal(pointsOf(anEvent("file_mprotect", { file: other, prot: 7 }, { task })).size, 1);
  });

  it("adds once for each program and its credentials", () => {
    const user = { ...ROOT, uid: 1000 };
    const events = [started, made(7), made(7), made(7, { coe: user })];
    assert.equal(generatedCode(events, portable).length, 6);
    assert.deepEqual(generatedCode(events, BUILTIN_PROFILES.exact), []);
  });
});
