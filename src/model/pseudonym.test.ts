// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { aFile, anEvent } from "../../test/helpers/events.ts";
import { SHA256 } from "../../test/helpers/test-hasher.ts";
import { applyPseudonyms, createMapper, pseudonymOf } from "./index.ts";

const mapper = createMapper(SHA256);
const known = new Set([pseudonymOf("/data", SHA256)]);

describe("pseudonyms", () => {
  it("hide the content of an opened or mapped file", () => {
    const open = applyPseudonyms(anEvent("file_open", { file: aFile("/data") }), known, mapper);
    assert.ok(open.hook === "file_open");
    assert.equal(open.cell.file.digest, mapper.emptyDigest);
    const map = anEvent("mmap_file", { file: aFile("/data"), prot: 5, flags: 2 });
    const mapped = applyPseudonyms(map, known, mapper);
    assert.ok(mapped.hook === "mmap_file");
    assert.deepEqual(mapped.cell, {
      ...map.cell,
      file: { ...map.cell.file, digest: mapper.emptyDigest },
    });
  });

  const untouched = [
    anEvent("file_open", { file: aFile("/other") }),
    anEvent("file_open", { file: aFile("/data", { digest: mapper.emptyDigest }) }),
    anEvent("mmap_file", { file: aFile("/other"), prot: 5, flags: 2 }),
    anEvent("mmap_file", { prot: 5, flags: 34 }),
    anEvent("file_ioctl", { file: aFile("/data"), cmd: 1 }),
    anEvent("syslog", { type: 3 }),
  ];
  for (const e of untouched) {
    it(`leave ${e.hook} ${JSON.stringify(e.cell).length} alone`, () => {
      assert.equal(applyPseudonyms(e, known, mapper), e);
    });
  }

  it("do nothing when there are none", () => {
    const e = anEvent("file_open", { file: aFile("/data") });
    assert.equal(applyPseudonyms(e, new Set(), mapper), e);
  });
});
