// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Images } from "./images.ts";
import { TIDY_IMAGES_AT } from "./limits.ts";

const identity = { taskId: "aa", pTaskId: "bb" };

describe("images of a workload that runs for long", () => {
  it("are forgotten once nothing had them twice in a row", () => {
    const images = new Images();
    const add = (stamp: string) => images.add({ stamp, identity, untrusted: false });
    for (let number = 0; number < TIDY_IMAGES_AT - 1; number += 1) add(`old ${number}`);
    assert.equal(images.untidy, false);
    add("back again");
    assert.equal(images.untidy, true);
    images.tidy(new Set(["old 0"]));
    assert.equal(images.untidy, false);
    assert.equal(images.find("old 1", undefined)?.identity, identity);
    add("new");
    images.tidy(new Set(["old 0", "back again"]));
    assert.equal(images.find("old 1", undefined), undefined);
    for (const stamp of ["old 0", "back again", "new"])
      assert.equal(images.find(stamp, undefined)?.stamp, stamp);
    // what was seen in between begins anew
    images.tidy(new Set(["new"]));
    assert.equal(images.find("back again", undefined)?.stamp, "back again");
    images.tidy(new Set(["new"]));
    assert.equal(images.find("back again", undefined), undefined);
  });
});
