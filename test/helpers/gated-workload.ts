// SPDX-License-Identifier: Apache-2.0
// A shell workload that stops half-way at a gate, so that a test can do something to those who decide about it.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import type { TestContext } from "node:test";
import { type Running, Workplace } from "../workloads/workplace.ts";

export const GALGO_FAILED = 125;
export const GATED: readonly string[] = ["sh", "script.sh"];

/** A place with the workload and its gate, a FIFO. With READ in its environment it reads that file behind the gate. @param last what it always does there */
export function gatedPlace(t: TestContext, last: string): Workplace {
  const script = `
cat fruits.txt | sort
echo half
read line < gate
${last}
test -z "$READ" || cat "$READ"
`;
  const place = new Workplace(t);
  place.world(() => {
    place.write("script.sh", script);
    place.write("fruits.txt", "banana\napple\n");
    execFileSync("mkfifo", [place.path("gate")]);
    place.own(place.path("gate"));
  });
  return place;
}

/** Lets the workload go on: ends when it has come to its gate. */
export async function openGate(place: Workplace): Promise<void> {
  await writeFile(place.path("gate"), "go\n");
}

export interface Halfway {
  readonly place: Workplace;
  readonly running: Running;
}

/** Enforces the workload, which wants to read what it never learned behind its gate, and waits until it is half done. @param options of galgo run */
export async function halfway(place: Workplace, options: readonly string[]): Promise<Halfway> {
  const words = ["run", "-m", place.model, "--enforce", ...options, "--", ...GATED];
  const running = place.start(words, { env: { READ: "/etc/shadow" } });
  let said = "";
  await new Promise<void>((done, failed) => {
    running.process.stdout?.on("data", (part: string) => {
      said += part;
      if (said.includes("half\n")) done();
    });
    running.process.once("close", () =>
      failed(new Error(`it ended before it was half done: ${said}`)),
    );
  });
  return { place, running };
}

/** What is new is not done, and Galgo says why it ended the workload. */
export async function endsFailing({ place, running }: Halfway, why: RegExp): Promise<void> {
  void openGate(place).catch(() => undefined); // nobody may read there any more
  const { status, stdout, stderr } = await running.ended;
  assert.equal(status, GALGO_FAILED, stderr);
  assert.doesNotMatch(stdout, /root:/, "what nobody had allowed was done");
  assert.match(stderr, why);
  assert.match(place.record().error ?? "", why);
}
