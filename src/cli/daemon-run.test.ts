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
});
