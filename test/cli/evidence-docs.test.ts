// SPDX-License-Identifier: Apache-2.0
// docs/evidence.md: its commands work, one after the other, in an empty folder; its section of a configuration is one.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { parseConfig } from "../../src/daemon/config/config.ts";
import { blocksOf, scriptOf } from "../helpers/docs-page.ts";
import { Place } from "./galgo.ts";

const PAGE = "docs/evidence.md";

describe("docs/evidence.md", () => {
  it("has commands that work", (t) => {
    const place = new Place(t);
    const script = scriptOf(PAGE, "wait");
    const { status, stdout, stderr } = spawnSync("sh", ["-c", script], {
      cwd: place.folder,
      env: { ...process.env, GALGO_STATE_DIR: place.state, GALGO_RUN_DIR: place.path("run") },
      encoding: "utf8",
    });
    assert.equal(status, 0, `${stdout}\n${stderr}`);
    assert.match(stdout, /"state":"[0-9a-f]{64}"\nSignature Verified Successfully\n/);
  });

  it("has a section of the daemon's configuration that is one", () => {
    const [section = ""] = blocksOf(PAGE, "toml");
    const { attest } = parseConfig(section, "daemon.toml");
    assert.deepEqual([attest.key, attest.platform], ["/etc/galgo/evidence.pem", "auto"]);
  });

  it("names all claims and no others", () => {
    const types = readFileSync("src/attest/evidence/types.ts", "utf8");
    const [, members = ""] = /export interface Evidence \{(.*?)^\}/ms.exec(types) ?? [];
    const names = [...members.matchAll(/readonly (\w+)\??:/g)].map(([, name]) => name);
    assert.ok(names.length > 10);
    for (const name of names)
      if (!["nonce", "issuedAt", "platform"].includes(name ?? ""))
        assert.ok(readFileSync(PAGE, "utf8").includes(`\`${name}\``), name);
  });
});
