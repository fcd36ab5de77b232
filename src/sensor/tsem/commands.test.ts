// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ENFORCE, namespaceCommand, replyCommand, SEAL, valueCommand } from "./commands.ts";
import { MAX_COMMAND_BYTES } from "./limits.ts";
import { preloadCommands } from "./model-files.ts";

const KEY = "ab".repeat(32);

describe("a command for a namespace", () => {
  it("has its arguments in Quixote's order", () => {
    const options = { nsref: "initial", model: "model0", digest: "sha256", cache: 64 } as const;
    assert.equal(
      namespaceCommand("external", options),
      "external nsref=initial model=model0 digest=sha256 cache=64\n",
    );
    assert.equal(namespaceCommand("internal", { nsref: "current" }), "internal nsref=current\n");
    assert.equal(
      namespaceCommand("external", { nsref: "current" }, { key: KEY }),
      `external nsref=current key=${KEY}\n`,
    );
  });

  it("that the kernel could not take is refused here", () => {
    const long = { nsref: "current", digest: "sha512" } as const;
    assert.throws(
      () => namespaceCommand("external", long, { key: "ab".repeat(64) }),
      /the TSEM command external would be 170 bytes long, the kernel takes 127/,
    );
    for (const model of ["", "a b", "a\nseal", "x=y"])
      assert.throws(() => namespaceCommand("internal", { nsref: "current", model }), /plain word/);
    for (const cache of [0, -1, 1.5])
      assert.throws(
        () => namespaceCommand("internal", { nsref: "current", cache }),
        /whole number/,
      );
  });

  it("is as long as the kernel allows, and not longer", () => {
    const model = "m".repeat(MAX_COMMAND_BYTES - "internal nsref=current model=\n".length);
    const whole = namespaceCommand("internal", { nsref: "current", model });
    assert.equal(whole.length, MAX_COMMAND_BYTES);
    assert.throws(() => namespaceCommand("internal", { nsref: "current", model: `${model}m` }));
  });
});

describe("an answer", () => {
  it("names the task by its serial number, or shows the key", () => {
    assert.equal(replyCommand(true, 100, 1n, "tnum"), "trusted pid=100 tnum=1\n");
    assert.equal(
      replyCommand(false, 4_194_304, 18_446_744_073_709_551_615n, "tnum"),
      "untrusted pid=4194304 tnum=18446744073709551615\n",
    );
    assert.equal(replyCommand(true, 7, 0n, { key: KEY }), `trusted pid=7 key=${KEY}\n`);
  });
});

describe("a model for the kernel", () => {
  it("is loaded base first, sealed last, and told to enforce before it is sealed", () => {
    const [base, pseudonym, a, b] = ["11", "22", "33", "44"].map((byte) => byte.repeat(32));
    assert.deepEqual(
      preloadCommands({
        base: base ?? "",
        pseudonyms: [pseudonym ?? ""],
        states: [a ?? "", b ?? ""],
        sealed: true,
        enforce: true,
      }),
      [
        ENFORCE,
        `base value=${base}\n`,
        `pseudonym value=${pseudonym}\n`,
        `state value=${a}\n`,
        `state value=${b}\n`,
        SEAL,
      ],
    );
    assert.deepEqual(
      preloadCommands({ pseudonyms: [], states: [], sealed: false, enforce: false }),
      [],
    );
  });

  it("whose values do not fit into a command is refused", () => {
    assert.throws(() => valueCommand("state", "ab".repeat(64)), /139 bytes|14[0-9] bytes/);
    for (const value of ["", "abc", "zz", `ab\nseal`])
      assert.throws(() => valueCommand("state", value), /lower-case hex/);
  });
});
