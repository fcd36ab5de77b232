// SPDX-License-Identifier: Apache-2.0
// docs/signing.md: its commands work, one after the other, in an empty folder; its policy is one.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, it } from "node:test";
import { readTrustPolicy } from "../../src/attest/policy/trust-file.ts";
import { Place } from "../cli/galgo.ts";
import { blocksOf, scriptOf } from "../helpers/docs-page.ts";
import { validatorOf } from "../helpers/json-schema.ts";
import { aSigner, nodeVerifier } from "../helpers/signing.ts";

const PAGE = "docs/signing.md";

describe("docs/signing.md", () => {
  it("has commands that work", (t) => {
    const place = new Place(t);
    const script = scriptOf(PAGE);
    const { status, stdout, stderr } = spawnSync("sh", ["-c", script], {
      cwd: place.folder,
      env: { ...process.env, GALGO_STATE_DIR: place.state, GALGO_RUN_DIR: place.path("run") },
      encoding: "utf8",
    });
    assert.equal(status, 0, `${stdout}\n${stderr}`);
    assert.match(stdout, /Signature Verified Successfully\n$/);
    assert.equal(stdout.match(/^verified: /gm)?.length, 4);
  });

  it("has a policy that is one", () => {
    const [example = ""] = blocksOf(PAGE, "json");
    const digest = "ab".repeat(32);
    const text = example
      .replaceAll(/<64 hex digits[^>]*>/g, digest)
      .replaceAll('"-----BEGIN PUBLIC KEY-----\\n..."', () => JSON.stringify(aSigner().publicPem));
    const policy = readTrustPolicy(text, "the example", nodeVerifier);
    assert.deepEqual([policy.keys.length, policy.rules.length], [3, 2]);
    validatorOf("docs/reference/trust-policy.schema.json")(JSON.parse(text));
  });
});
