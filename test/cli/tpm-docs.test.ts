// SPDX-License-Identifier: Apache-2.0
// docs/tpm.md: its commands work, one after the other, in an empty folder, on an emulated TPM.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { join } from "node:path";
import { describe, it } from "node:test";
import { parseConfig } from "../../src/daemon/config/config.ts";
import { noTpmTools, Swtpm } from "../helpers/swtpm.ts";
import { shareTpm } from "../helpers/tpm-sharer.ts";
import { blocksOf, scriptOf } from "../helpers/docs-page.ts";
import { Place } from "./galgo.ts";

const PAGE = "docs/tpm.md";

describe("docs/tpm.md", () => {
  it("has commands that work", { skip: noTpmTools }, async (t) => {
    const place = new Place(t);
    const emulator = await Swtpm.start();
    t.after(() => emulator.stop());
    const shared = await shareTpm(emulator.address, join(emulator.folder, "shared.sock"));
    t.after(() => shared.close());
    const script = scriptOf(PAGE);
    const env = { GALGO_STATE_DIR: place.state, GALGO_RUN_DIR: place.path("run") };
    const shell = spawn("sh", ["-c", script], {
      cwd: place.folder,
      env: { ...process.env, ...env, TPM: shared.address },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const [stdout, stderr, [status]] = await Promise.all([
      text(shell.stdout),
      text(shell.stderr),
      once(shell, "exit"),
    ]);
    assert.equal(status, 0, `${stdout}\n${stderr}`);
    assert.match(stdout, /accepted/);
    assert.match(stdout, /pcrs?:|sig:/i);
  });

  it("has a section of the daemon's configuration that is one", () => {
    const [section = ""] = blocksOf(PAGE, "toml");
    const { attest } = parseConfig(section, "daemon.toml");
    assert.deepEqual([attest.platform, attest.root, attest.ima], ["tpm", "app", false]);
  });
});
