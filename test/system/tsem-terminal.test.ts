// SPDX-License-Identifier: Apache-2.0
// A workload under the TSEM sensor on a terminal, below a shell with job control: it has no guard, and the terminal's signals
// reach it by themselves, once.
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { GALGO } from "../cli/galgo.ts";
import { buildLaunchers } from "../helpers/built.ts";
import { Pty } from "../helpers/pty.ts";
import { bench, open } from "../simulator/bench.ts";
import { simulatorSkip } from "../simulator/simulator.ts";

before(() => {
  buildLaunchers();
});

const PROMPT = /% /;

describe("a workload of the TSEM sensor on a terminal", { skip: simulatorSkip() }, () => {
  it("stops and goes on with Galgo, and gets Ctrl-C once", async (t) => {
    const { place, simulator } = await bench(t);
    const hook = `${simulator.folder}/hook`;
    const job = `trap 'echo interrupted' INT
trap 'echo goes on' CONT
echo runs
while :; do
  read -r line || continue
  [ "$line" != end ] || exit 4
  ${open("/etc/hosts").replace("HOOK", hook)} && echo "asked for $line"
done
`;
    const script = place.write("job.sh", job);
    const words = [...GALGO, "run", "--sensor", "tsem", "--name", "job", "--", "sh", script];
    const env = [`GALGO_TSEM_DIR=${simulator.folder}`, `GALGO_STATE_DIR=${place.state}`];
    const pty = new Pty(t, ["env", ...env, "bash", "--norc", "--noprofile", "-i"]);
    await pty.expect(PROMPT);
    pty.type(`${words.join(" ")}\n`);
    await pty.expect(/runs\r?\n/);
    pty.type("first\n");
    await pty.expect(/asked for first/);
    pty.type("\x1a");
    await pty.expect(/Stopped/);
    pty.type("fg\n");
    await pty.expect(/goes on/);
    pty.type("second\n");
    await pty.expect(/asked for second/);
    pty.type("\x03");
    await pty.expect(/interrupted/);
    pty.type("third\n");
    await pty.expect(/asked for third/);
    pty.type("end\n");
    await pty.expect(PROMPT);
    pty.type("echo status=$?\n");
    await pty.expect(/status=4/);
    pty.type("exit\n");
    await pty.end();
    for (const word of [/interrupted\r?\n/g, /goes on\r?\n/g])
      assert.equal(pty.output.match(word)?.length, 1, pty.output);
  });
});
