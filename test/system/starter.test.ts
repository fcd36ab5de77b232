// SPDX-License-Identifier: Apache-2.0
// ./galgo as it is started by other programs: what they told it to ignore, and the environment, reach the workload.
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { describe, it } from "node:test";
import { text } from "node:stream/consumers";
import { Place } from "../cli/galgo.ts";

const STARTER = resolve(import.meta.dirname, "../../galgo");

function environment(place: Place, more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  return { ...process.env, GALGO_STATE_DIR: place.state, ...more };
}

/** A run of `script` by sh in a workload, by somebody who ignores SIGHUP when `nohup` is said. */
function started(place: Place, script: string, nohup: boolean): ChildProcess {
  const before = nohup ? 'trap "" HUP; ' : "";
  const words = ["-c", `${before}exec "$0" "$@"`, STARTER, "run", "--", "sh", "-c", script];
  return spawn("sh", words, { env: environment(place), stdio: ["pipe", "pipe", "pipe"] });
}

describe("./galgo", () => {
  it("passes on that SIGHUP is to be ignored", async (t) => {
    const place = new Place(t);
    const galgo = started(place, "echo begun; read line; kill -HUP $$; echo still here", true);
    assert.ok(galgo.stdout && galgo.stderr && galgo.stdin);
    const said = text(galgo.stderr);
    const [begun] = (await once(galgo.stdout, "data")) as [Buffer];
    assert.equal(String(begun), "begun\n");
    galgo.kill("SIGHUP");
    galgo.stdin.end("go on\n");
    const [rest, [status]] = await Promise.all([text(galgo.stdout), once(galgo, "exit")]);
    assert.equal(rest, "still here\n", await said);
    assert.equal(status, 0);
  });

  it("does not, unless it was told to", async (t) => {
    const place = new Place(t);
    const galgo = started(place, "kill -HUP $$; echo still here", false);
    assert.ok(galgo.stdout);
    const [said, [status]] = await Promise.all([text(galgo.stdout), once(galgo, "exit")]);
    assert.equal(said, "");
    assert.equal(status, 129);
  });

  it("gives the workload the environment that it has itself", (t) => {
    const place = new Place(t);
    const env = environment(place, { NODE_EXTRA_CA_CERTS: "/no/such/file", HIDDEN: "a\nb" });
    const print = ["sh", "-c", "env -0 | sort -z"];
    const direct = spawnSync("env", print, { env, encoding: "utf8" });
    const ran = spawnSync(STARTER, ["run", "--", ...print], { env, encoding: "utf8" });
    assert.equal(ran.status, 0, ran.stderr);
    const plain = (output: string): string[] =>
      output.split("\0").filter((line) => !/^(?:PWD|OLDPWD|SHLVL|_)=/.test(line));
    assert.deepEqual(plain(ran.stdout), plain(direct.stdout));
  });
});
