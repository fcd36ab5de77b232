// SPDX-License-Identifier: Apache-2.0
// The daemon's configuration: what it may say, and where a fault is said to be.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { DaemonError } from "../errors.ts";
import { parseConfig } from "./config.ts";
import { lineOf } from "./where.ts";

const DIGEST = `sha256:${"ab".repeat(32)}`;

function fault(text: string): string {
  try {
    parseConfig(text, "/etc/galgo/daemon.toml");
  } catch (error) {
    assert.ok(error instanceof DaemonError);
    assert.equal(error.code, "BAD_CONFIG");
    assert.doesNotMatch(error.message, /\n/);
    return error.message;
  }
  throw new Error("no fault was found");
}

describe("the configuration", () => {
  it("has defaults for everything", () => {
    const { daemon, policy, images, output } = parseConfig("", "f");
    assert.deepEqual([daemon, policy, images, output], [{}, {}, {}, []]);
  });

  it("is read with all its sections", () => {
    const text = `
[daemon]
group = "adm"
models = "/srv/models"
[policy]
on-daemon-loss = "leave"
on-daemon-stop = "release"
[images]
"${DIGEST}" = "web"
`;
    const config = parseConfig(text, "f");
    assert.equal(config.daemon.group, "adm");
    assert.equal(config.daemon.models, "/srv/models");
    assert.equal(config.policy["on-daemon-loss"], "leave");
    assert.equal(config.policy["on-daemon-stop"], "release");
    assert.deepEqual(config.images, { [DIGEST]: "web" });
  });

  it("says the line of what is no TOML", () => {
    assert.match(fault("[daemon]\ngroup = \n"), /^\/etc\/galgo\/daemon\.toml line 2: /);
  });

  it("says line and name of a key that is not known", () => {
    assert.match(
      fault("\n\n[daemon]\n# words\ngrop = 1\n"),
      /line 5: daemon\.grop: there is no such key/,
    );
    assert.match(fault("[daemno]\n"), /line 1: daemno: there is no such key/);
  });

  it("says line and name of a value that can not be", () => {
    assert.match(fault('[policy]\non-daemon-loss = "sleep"\n'), /line 2: policy\.on-daemon-loss: /);
    assert.match(fault('[daemon]\nmodels = "here"\n'), /line 2: daemon\.models: an absolute path/);
    assert.match(fault('[images]\n"sha256:12" = "web"\n'), /line 2: .*sha256:12/);
  });

  it("may demand signatures of models, and says whose", () => {
    const { models } = parseConfig(
      '[models]\nrequire-signature = true\nkey = ["/a.pem", "/b.pem"]\n',
      "f",
    );
    assert.deepEqual(models, { "require-signature": true, key: ["/a.pem", "/b.pem"] });
    const off = '[models]\nrequire-signature = false\npolicy = "/p.json"\n';
    assert.equal(parseConfig(off, "f").models.policy, "/p.json");
    for (const [text, words] of [
      ["require-signature = true\n", /line 2: .*whose signature counts has to be said/],
      ['require-signature = true\nkey = ["/a"]\npolicy = "/p"\n', /either by key or by policy/],
      ['policy = "/p"\n', /line 1: .*with require-signature = true only/],
      ['require-signature = true\npolicy = "p"\n', /line 3: .*an absolute path/],
      ["require-signature = true\nkey = []\n", /line 3: /],
      ['require-signature = "yes"\nkey = ["/a"]\n', /line 2: /],
    ] as const) {
      assert.match(fault(`[models]\n${text}`), words);
    }
  });

  it("quotes what a file says", () => {
    assert.match(fault('[daemon]\n"\\u001b[2J" = 1\n'), /\\x1b/);
  });
});

describe("the line of a key", () => {
  const text = `a = 1
[[output]]
kind = "x"
[[output]]
  kind = "y" # kind = "z"
[output.tls]
"ca file" = 1
b.c = 2`;

  it("is found in tables, arrays of tables and dotted keys", () => {
    assert.equal(lineOf(text, ["a"]), 1);
    assert.equal(lineOf(text, ["output", 0, "kind"]), 3);
    assert.equal(lineOf(text, ["output", 1, "kind"]), 5);
    assert.equal(lineOf(text, ["output", 1]), 4);
  });

  it("is that of the nearest table where the key is not there", () => {
    assert.equal(lineOf(text, ["output", 1, "url"]), 4);
    assert.equal(lineOf(text, ["nothing"]), 1);
  });
});
