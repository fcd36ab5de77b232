// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";

/** Every file and package that is loaded with `file`. */
function loadedWith(file: string, seen: Set<string> = new Set()): ReadonlySet<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  const values = readFileSync(file, "utf8").matchAll(
    /^(?:import|export) (?!type )[^;]*? from "([^"]+)"/gm,
  );
  for (const [, target = ""] of values) {
    if (target.startsWith(".")) loadedWith(join(dirname(file), target), seen);
    else seen.add(target);
  }
  return seen;
}

describe("the door for what decides events", () => {
  it("loads no package", () => {
    const loaded = loadedWith(join(import.meta.dirname, "index.ts"));
    assert.ok(loaded.size > 10);
    assert.deepEqual(
      [...loaded].filter((name) => !name.endsWith(".ts")),
      [],
    );
  });

  it("is needed: the whole stage loads a schema library", () => {
    assert.ok(loadedWith(join(import.meta.dirname, "../index.ts")).has("zod/mini"));
  });
});
