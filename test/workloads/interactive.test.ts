// SPDX-License-Identifier: Apache-2.0
// An interactive bash with job control on a terminal of its own, learned and enforced: Ctrl-Z, fg and Ctrl-C reach the job, not Galgo.
// What varied between runs: nothing that the rules of portable do not take care of (bash opens /dev/tty, not the numbered terminal).
import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { Pty } from "../helpers/pty.ts";
import { lacks, USERS, Workplace } from "./workplace.ts";

/** Says when it runs, and when it goes on after a stop. It starts nothing: whether a child has begun its own program when the signal comes
 * is a matter of luck, and signals to the one and the other are two behaviours. */
const JOB = `trap 'echo job goes on' CONT
echo job runs
while :; do read -r line; done
`;

const PROMPT = /% /;
const EXIT = 7;

async function session(pty: Pty, more?: (pty: Pty) => Promise<void>): Promise<void> {
  await pty.expect(PROMPT);
  pty.type("echo sum=$((40 + 2))\n");
  await pty.expect(/sum=42/);
  pty.type("sh job.sh\n");
  await pty.expect(/job runs/);
  pty.type("\x1a");
  await pty.expect(/Stopped/);
  pty.type("jobs\n");
  await pty.expect(/Stopped\s+sh job\.sh/);
  pty.type("fg\n");
  await pty.expect(/job goes on/);
  pty.type("\x03");
  await pty.expect(PROMPT);
  pty.type("echo status=$?\n");
  await pty.expect(/status=130/);
  await more?.(pty);
  pty.type(`exit ${EXIT}\n`);
}

for (const user of USERS) {
  describe(`an interactive bash, as ${user.name}`, () => {
    const open = (t: TestContext, place: Workplace, words: readonly string[]) => {
      const { uid } = place.user;
      const as =
        uid === undefined
          ? []
          : ["setpriv", `--reuid=${uid}`, `--regid=${uid}`, "--clear-groups", "--"];
      const env = Object.entries(place.env).map(([name, value]) => `${name}=${value}`);
      const shell = ["bash", "--norc", "--noprofile", "-i"];
      const galgo = place.command(...words, "--name", "bash", "--", ...shell);
      return new Pty(t, ["env", "-C", place.work, ...env, ...as, ...galgo]);
    };
    const end = async (pty: Pty): Promise<number | null> => (await pty.end()).code;
    const learned = async (t: TestContext): Promise<Workplace> => {
      const place = new Workplace(t, user);
      place.world(() => place.write("job.sh", JOB));
      const pty = open(t, place, ["learn", "-o", "../m.json"]);
      await session(pty);
      assert.equal(await end(pty), EXIT, pty.output);
      assert.match(pty.output, /none lost/);
      return place;
    };
    const enforcing = ["run", "-m", "../m.json", "--enforce"];

    it("does the same again, and its status is passed on", async (t) => {
      if (lacks(t, "bash", "setpriv")) return;
      const place = await learned(t);
      const pty = open(t, place, enforcing);
      await session(pty);
      assert.equal(await end(pty), EXIT, pty.output);
      const counts = place.record().outcome?.counts;
      assert.deepEqual([counts?.violations, counts?.refused, counts?.lost], [0, 0, 0], pty.output);
    });

    it("may not type what nobody has typed before", async (t) => {
      if (lacks(t, "bash", "setpriv")) return;
      const place = await learned(t);
      place.write("secret.txt", "do not tell\n");
      const pty = open(t, place, enforcing);
      await session(pty, async () => {
        pty.type("cat secret.txt\n");
        await pty.expect(/Operation not permitted/);
      });
      assert.equal(await end(pty), 121, pty.output);
      assert.match(await place.forensics(), /^1: \S*bash runs \S*\/cat \[denied\]/);
      assert.doesNotMatch(pty.output, /do not tell/);
    });
  });
}
