// SPDX-License-Identifier: Apache-2.0
// A task whose events are told by test/fixtures/bpf/telling.bpf.c. Reads lines "HOOK FLAGS K0LOW K0HIGH K1LOW K1HIGH", and says
// what came of each: "known", or the answer (hex) or errno, or "told" where it does not wait. A seventh number is how long a
// record is being written.
// Usage: teller.ts FOLDER SLOT ANCHOR
import { createInterface } from "node:readline";
import { join } from "node:path";
import { openPinned, runProgram } from "../../src/native/bpf-link.ffi.ts";
import { readAttribute } from "../../src/native/fuse.ffi.ts";

const HELD = 1;
const [folder = "", slot = "0", anchor = "0"] = process.argv.slice(2);
const program = openPinned(join(folder, "programs/tell"));

function tell(numbers: readonly number[]): string {
  const args = Buffer.alloc(32);
  const [hook = 0, flags = 0] = numbers;
  args.writeUInt32LE(Number(slot), 0);
  args.writeUInt16LE(hook, 4);
  args.writeUInt16LE(flags, 6);
  for (const [at, half] of numbers.slice(2, 7).entries()) args.writeUInt32LE(half, 8 + 4 * at);
  const result = runProgram(program, args);
  if (result !== 0) return ["", "known", "full", "nobody"][result] ?? "?";
  if ((flags & HELD) === 0) return "told";
  const answer = readAttribute(`/proc/${anchor}/exe`, "user.galgo", 16);
  return typeof answer === "object" ? answer.toString("hex") : String(answer);
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${tell(line.split(" ").map(Number))}\n`);
}
