// SPDX-License-Identifier: Apache-2.0
// `galgo ima` where no TPM vouches; a machine that has one and measures is in test/vm/cases/attest.ts.
import assert from "node:assert/strict";
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { after, describe, it } from "node:test";
import { parseImaReference } from "../../src/attest/ima/index.ts";
import { Place } from "./galgo.ts";

const place = new Place();
after(() => place.remove());
const TPM = "/sys/class/tpm/tpm0";

describe("galgo ima", () => {
  it("reference writes what this Galgo runs, merged with that of another release", async () => {
    const old = { path: "/old", digests: { sha256: ["ab".repeat(32)] } };
    const known = { apiVersion: "galgo.dev/v1", kind: "ImaReference", files: [old] };
    place.write("old.json", JSON.stringify(known));
    const made = await place.galgo("ima", "reference", "--with", "old.json", "-o", "new.json");
    assert.equal(made.status, 0, made.stderr);
    assert.match(made.stderr, /\d+ files that must have been measured, \d+ that may/);
    const { files, closed } = parseImaReference(readFileSync(place.path("new.json"), "utf8"), "f");
    const paths = files.map(({ path }) => path);
    assert.ok(paths.includes(realpathSync(process.execPath)));
    assert.ok(paths.includes("/old"));
    const main = files.find(({ path }) => path.endsWith("/dist/bundle/main.cjs"));
    assert.equal(main?.optional, undefined);
    assert.ok(closed.some((folder) => folder.endsWith("/dist")));
    assert.ok(!paths.some((path) => path.endsWith(".d.ts")));
  });

  it("says what a reference has that it can not be", async () => {
    place.write("bad.json", '{"apiVersion": "galgo.dev/v1", "kind": "ImaReference", "files": []}');
    const bad = await place.galgo("ima", "check", "--reference", "bad.json");
    assert.equal(bad.status, 2);
    assert.match(bad.stderr, /bad\.json, reference values of IMA: files has to have at least 1/);
    const none = await place.galgo("ima", "check", "--reference", "none.json");
    assert.equal(none.status, 2);
    assert.match(none.stderr, /can not read none\.json \(ENOENT\)/);
  });

  const skip = existsSync(TPM) ? "this machine has a TPM" : false;
  it("check is trouble, not a verdict, where there is no TPM", { skip }, async () => {
    const { status, stdout, stderr } = await place.galgo("ima", "check");
    assert.equal(status, 2);
    assert.equal(stdout, "");
    assert.match(stderr, /no TPM with a bank sha256, so nothing vouches/);
  });
});
