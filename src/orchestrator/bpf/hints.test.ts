// SPDX-License-Identifier: Apache-2.0
// Hints come from the records beside a model, as far as the model has them.
import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, it } from "node:test";
import { aFile, anEvent, ROOT, TASK } from "../../../test/helpers/events.ts";
import { writeRecord } from "../../event/index.ts";
import { BUILTIN_PROFILES } from "../../model/index.ts";
import { createTma } from "../../tma/index.ts";
import { recordsFileOf } from "../models/learn-files.ts";
import { readHints } from "./hints.ts";

const folder = mkdtempSync(join(tmpdir(), "galgo-hints-"));
after(() => rmSync(folder, { recursive: true }));

const rules = {
  mapping: "tsem-v4",
  digest: "sha256",
  profile: BUILTIN_PROFILES.exact,
} as const;
const model = createTma({
  ...rules,
  points: [],
  pseudonyms: [],
  sealed: false,
});
const CAPABLE = anEvent("capable", { cap: 1, opts: 0 });
const OPEN = anEvent("file_open", { file: aFile("/f") });
const OTHER = anEvent("capable", { cap: 2, opts: 0 });
const EXEC = anEvent("bprm_committed_creds", { file: aFile("/bin/sh") }, { task: TASK, coe: ROOT });
model.assess(CAPABLE);
model.assess(OPEN);

const hinted = {
  rules,
  introduce: model.introduce.bind(model),
  dependsOnProcess: model.dependsOnProcess.bind(model),
  pointOf: model.pointOf.bind(model),
  get points() {
    return model.counts.points;
  },
};
const file = join(folder, "m.json");
const write = (events: readonly (typeof CAPABLE | typeof OPEN | typeof EXEC)[]): void =>
  writeFileSync(recordsFileOf(file), events.map((e) => `${writeRecord(e)}\n`).join(""));

it("a model without records gives none", () => {
  assert.deepEqual(readHints(join(folder, "none.json"), hinted), { events: [], complete: false });
});

it("hints are the records that the model has, and complete when it has no others", () => {
  write([EXEC, CAPABLE, OTHER]);
  const part = readHints(file, hinted);
  assert.deepEqual([part.events.length, part.complete], [1, false]);
  write([EXEC, CAPABLE, OPEN]);
  const all = readHints(file, hinted);
  assert.deepEqual(all, { events: [CAPABLE, OPEN], complete: true });
  // asking counts nothing
  assert.equal(model.counts.events, 2);
});

it("a record that can not be read takes away nothing but itself and what is behind it", () => {
  write([CAPABLE]);
  appendFileSync(recordsFileOf(file), "{}\n");
  assert.deepEqual(readHints(file, hinted), { events: [CAPABLE], complete: false });
});
