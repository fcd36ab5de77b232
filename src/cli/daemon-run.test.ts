// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { daemonCommandLine } from "./daemon-run.ts";

describe("galgo run on behalf of a client", () => {
  it("says nothing of a run that the client has to do itself after all", async () => {
    const written: string[] = [];
    const understood = daemonCommandLine.understand({
      words: ["run", "--name", "job", "--", "true", "--help"],
      env: {},
      cwd: "/",
      uid: 0,
      ignoredSignals: 0n,
      terminal: false,
      write: (text) => written.push(text),
    });
    assert.ok(!("alone" in understood));
    assert.deepEqual([understood.commandAt, understood.modelFile], [4, undefined]);
    const asked: string[] = [];
    const status = await understood.run(
      () => ({ program: "/bin/true", used: undefined }),
      async ({ command, name = "" }) => {
        asked.push(name, ...command);
        return undefined;
      },
    );
    assert.deepEqual(asked, ["job", "true", "--help"]);
    assert.deepEqual([status, written], [undefined, []]);
  });

  it("leaves a run to the client whose keys and policies are to be read with his rights", () => {
    for (const option of [["--require-signature"], ["--key", "k.pem"], ["--policy", "p.json"]]) {
      const understood = daemonCommandLine.understand({
        words: ["run", "-m", "m.json", "--enforce", ...option, "--", "true"],
        env: {},
        cwd: "/",
        uid: 0,
        ignoredSignals: 0n,
        terminal: false,
        write: (text) => assert.fail(text),
      });
      assert.deepEqual(understood, { alone: "--require-signature is not for a daemon" });
    }
  });
});
