// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { TemporaryDirectories } from "./temporary.ts";

const DIRECTORY = 0o040000;
const aStat = (mode: number, key = "1") => ({ mode, type: mode & 0o170000, key });
const TMP = aStat(DIRECTORY | 0o1777);
const PRIVATE = aStat(DIRECTORY | 0o700, "7");

describe("temporary directories", () => {
  it("are private ones in a directory that is sticky and open to everybody", () => {
    const cases: readonly (readonly [typeof PRIVATE, typeof PRIVATE, boolean])[] = [
      [PRIVATE, TMP, true],
      [aStat(DIRECTORY | 0o2700), TMP, true],
      [aStat(DIRECTORY | 0o750), TMP, false],
      [aStat(DIRECTORY | 0o777), TMP, false],
      [aStat(0o100700), TMP, false],
      [PRIVATE, aStat(DIRECTORY | 0o755), false],
      [PRIVATE, aStat(DIRECTORY | 0o777), false],
      [PRIVATE, aStat(DIRECTORY | 0o1755), false],
    ];
    for (const [made, parent, expected] of cases) {
      const directories = new TemporaryDirectories();
      directories.made("/tmp/x", made, parent);
      assert.equal(directories.above("/tmp/x/a") === "/tmp/x", expected);
    }
  });

  it("are found above what lies in them, however deep, and nowhere else", () => {
    const directories = new TemporaryDirectories();
    assert.equal(directories.above("/tmp/x/a"), undefined);
    directories.made("/tmp/x", PRIVATE, TMP);
    assert.equal(directories.above("/tmp/x/a/b/c"), "/tmp/x");
    for (const path of ["/tmp/x", "/tmp/xy/a", "/tmp/y", "/", "", "pipe:[1]", "/var/tmp/x/a"])
      assert.equal(directories.above(path), undefined);
  });

  it("are forgotten when they are removed or renamed, others not", () => {
    const directories = new TemporaryDirectories();
    directories.made("/tmp/x", PRIVATE, TMP);
    directories.made("/tmp/y", aStat(DIRECTORY | 0o700, "8"), TMP);
    directories.gone(aStat(DIRECTORY | 0o700, "9"));
    directories.gone(PRIVATE);
    assert.equal(directories.above("/tmp/x/a"), undefined);
    assert.equal(directories.above("/tmp/y/a"), "/tmp/y");
  });
});
