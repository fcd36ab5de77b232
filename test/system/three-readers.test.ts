// SPDX-License-Identifier: Apache-2.0
// One file, three readers: cat, grep and the shell itself are three behaviours, and only who read becomes untrusted.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Arena, type Forensic } from "../attacks/harness.ts";

const READERS = {
  cat: "cat /etc/shadow",
  grep: "grep root /etc/shadow",
  shell: 'while read l; do echo "$l"; done < /etc/shadow',
} as const;
/** Makes one event, which the model allows. */
const NEXT = "wc -l allowed";

/** The only violation of a run of `script` under a model that knows `NEXT` alone, and all records of the run. */
async function violationOf(arena: Arena, script: string) {
  const { stdout } = await arena.attacked(
    ["sh", "-c", `${script}; ${NEXT}`],
    [{ hook: "file_open", names: '"pathname": "/etc/shadow"', decision: "denied" }],
  );
  assert.ok(!stdout.includes("root:"));
  const [violation, ...more] = arena.violations();
  assert.ok(violation);
  assert.deepEqual(more, []);
  return { violation, stdout, records: arena.records() };
}

const programOf = ({ text }: Forensic): unknown =>
  (JSON.parse(text) as { event: { process: string } }).event.process;

describe("reading /etc/shadow", () => {
  it("is three coefficients for cat, grep and the shell, and makes the reader untrusted", async (t) => {
    const arena = new Arena(t);
    // the programs themselves are known, so what is refused is the reading and nothing before it
    await arena.learn(["sh", "-c", `cat allowed; grep x allowed; ${NEXT}`]);

    const cat = await violationOf(arena, READERS.cat);
    const grep = await violationOf(arena, READERS.grep);
    const shell = await violationOf(arena, READERS.shell);

    assert.deepEqual(
      [cat, grep, shell].map(({ violation }) => programOf(violation)),
      ["cat", "grep", "sh"],
    );
    const coefficients = [cat, grep, shell].map(({ violation }) => violation.mark?.coefficient);
    assert.equal(new Set(coefficients).size, 3);
    assert.ok(coefficients.every((coefficient) => coefficient !== undefined));

    // the shell goes on after its untrusted child, but not after what it did itself
    for (const { stdout, records } of [cat, grep]) {
      assert.match(stdout, /1 allowed/);
      assert.ok(records.every(({ mark }) => mark?.kind !== "refused"));
    }
    assert.doesNotMatch(shell.stdout, /1 allowed/);
  });
});
