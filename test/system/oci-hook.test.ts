// SPDX-License-Identifier: Apache-2.0
// The native hook of container runtimes: without a daemon it judges by the container's annotations, with one by the daemon's answer.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, describe, it } from "node:test";
import { nativeProgram } from "../../src/daemon/containers/index.ts";
import { buildLaunchers } from "../helpers/built.ts";

const built = buildLaunchers();
const folder = mkdtempSync(join(tmpdir(), "galgo-hook-"));
const nobody = join(folder, "nobody.sock");
after(() => rmSync(folder, { recursive: true, force: true }));

async function hook(state: string, args: readonly string[] = ["--socket", nobody]) {
  const child = spawn(nativeProgram("oci-hook") ?? "", args, { stdio: ["pipe", "pipe", "pipe"] });
  // it may have ended without having read it
  child.stdin.on("error", () => undefined);
  child.stdin.end(state);
  const [stdout, stderr, [status]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "exit"),
  ]);
  assert.equal(stdout, "");
  return { status, stderr };
}

function stateOf(annotations: object | undefined, bundle = join(folder, "none")): string {
  const state = { ociVersion: "1.0.2", id: "c", status: "creating", pid: 7, bundle };
  return JSON.stringify(annotations === undefined ? state : { ...state, annotations }, null, 1);
}

function bundleWith(annotations: object): string {
  const bundle = mkdtempSync(join(folder, "bundle-"));
  writeFileSync(join(bundle, "config.json"), JSON.stringify({ annotations }));
  return bundle;
}

describe("the hook without a daemon", { skip: built ? false : "no C compiler here" }, () => {
  it("stops what is to be enforced, and says why", async () => {
    const enforced = [
      { "dev.galgo.mode": "enforce" },
      { "dev.galgo.model": "web" },
      { "dev.galgo.mode": "enforce ", a: 'not \\"dev.galgo.mode\\": \\"learn\\"' },
    ];
    for (const annotations of enforced) {
      const { status, stderr } = await hook(stateOf(annotations));
      assert.equal(status, 1);
      assert.match(stderr, /^galgo: the container is to be enforced, and no daemon answers.*\n$/);
    }
  });

  it("lets start what is only looked at, and what is not Galgo's", async () => {
    const empty = bundleWith({});
    const fine = [{}, { "dev.galgo.mode": "learn" }, { "dev.galgo.mode": "detect" }, { x: "y" }];
    for (const annotations of fine)
      assert.deepEqual(await hook(stateOf(annotations, empty)), { status: 0, stderr: "" });
    // a text that only looks like an annotation
    const quoted = { note: '"dev.galgo.mode":"enforce"' };
    assert.equal((await hook(stateOf(quoted, empty))).status, 0);
  });

  it("looks into the bundle, which older runtimes do not repeat", async () => {
    const enforced = bundleWith({ "dev.galgo.mode": "enforce" });
    assert.equal((await hook(stateOf(undefined, enforced))).status, 1);
    assert.equal((await hook(stateOf(undefined, bundleWith({})))).status, 0);
    // unreadable: it could have said so
    assert.equal((await hook(stateOf(undefined))).status, 1);
  });

  it("stops everything with --always", async () => {
    const state = stateOf({}, bundleWith({}));
    assert.equal((await hook(state, ["--always", "--socket", nobody])).status, 1);
  });

  it("refuses what is no state, and words that it does not know", async () => {
    assert.match((await hook("")).stderr, /no container's state/);
    const wrong = await hook(stateOf({}), ["--sockt", nobody]);
    assert.equal(wrong.status, 1);
    assert.match(wrong.stderr, /oci-hook takes/);
    assert.equal((await hook(" ".repeat(2_000_000))).status, 1);
  });
});

describe("the hook with a daemon", { skip: built ? false : "no C compiler here" }, () => {
  it("gives it the state and does what it says", async () => {
    const socket = join(folder, "hook.sock");
    const asked: string[] = [];
    const answers = ["0", "1the model web is not sealed", ""];
    const server = createServer({ allowHalfOpen: true }, (connection) => {
      let state = "";
      connection.setEncoding("utf8").on("data", (piece) => {
        state += piece;
      });
      connection.on("end", () => {
        asked.push(state);
        connection.end(answers.shift() ?? "");
      });
    });
    server.listen(socket);
    await once(server, "listening");
    const state = stateOf({ "dev.galgo.mode": "enforce" });
    assert.deepEqual(await hook(state, ["--socket", socket]), { status: 0, stderr: "" });
    assert.deepEqual(await hook(state, ["--socket", socket]), {
      ...{ status: 1, stderr: "galgo: the model web is not sealed\n" },
    });
    // no answer is no permission
    assert.equal((await hook(state, ["--socket", socket])).status, 1);
    assert.deepEqual(asked, [state, state, state]);
    server.close();
  });
});
