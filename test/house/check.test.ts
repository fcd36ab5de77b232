// SPDX-License-Identifier: Apache-2.0
// The static checks are part of the tests: types, lint, format, boundaries, generated files.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { runStep, steps } from "../../scripts/check-steps.ts";

describe("the tree passes", () => {
  for (const step of steps()) {
    it(step.name, () => {
      const { ok, output } = runStep(step);
      assert.ok(ok, output);
    });
  }
});
