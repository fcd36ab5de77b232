// SPDX-License-Identifier: Apache-2.0
// docs/verifier.md against the program: its table of reasons, its routes, its policy.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { OWN_REASONS } from "../../src/attest/verify/index.ts";
import { ROUTES } from "../../src/verifier/service/openapi.ts";
import { HOST } from "../helpers/attested.ts";
import { validatorOf } from "../helpers/json-schema.ts";
import { policyText } from "../helpers/verifier-policy.ts";

const page = readFileSync("docs/verifier.md", "utf8");

describe("docs/verifier.md", () => {
  it("has every reason, in the words of the program", () => {
    for (const [reason, [, means]] of Object.entries(OWN_REASONS)) {
      assert.ok(page.includes(`| \`${reason}\` | ${means} |`), `${reason} is missing or other`);
    }
  });

  it("names every route", () => {
    for (const { method, path } of ROUTES) {
      assert.ok(page.includes(`${method.toUpperCase()} ${path}`), `${method} ${path}`);
    }
  });

  it("shows a policy that fits the schema, once its values are filled in", () => {
    const text = /```json\n([^`]*)```/.exec(page)?.[1] ?? "";
    const policy = JSON.parse(text) as {
      keys: { publicKey: string }[];
      revoked: { id: string }[];
      workloads: {
        images: string[];
        builds: string[];
        platform: { tpm: { keys: { ak: string }[]; pcrs: Record<string, string[]> } };
      }[];
    };
    const [key, revoked, rule] = [policy.keys[0], policy.revoked[0], policy.workloads[0]];
    const ak = rule?.platform.tpm.keys[0];
    assert.ok(key && revoked && rule && ak);
    key.publicKey = HOST.publicPem;
    revoked.id = "3f".repeat(32);
    rule.images = [`sha256:${"1f".repeat(32)}`];
    rule.builds = ["2e".repeat(32)];
    ak.ak = `000b${"ab".repeat(32)}`;
    rule.platform.tpm.pcrs = { 7: ["cd".repeat(32)] };
    const validate = validatorOf("docs/reference/verifier-policy.schema.json");
    validate(policy);
    validate(JSON.parse(policyText(ak.ak)));
  });
});
