// SPDX-License-Identifier: Apache-2.0
// Has the program `meet` of test/fixtures/bpf/plumbing.bpf.c look up one key all the time. Says "began" when it was found once,
// and how often it was found after its input has ended.
// Usage: meeter.ts PINNED-PROGRAM SLOT K0LOW K0HIGH K1LOW K1HIGH
import { once } from "node:events";
import { setImmediate } from "node:timers/promises";
import { openPinned, runProgram } from "../../src/native/bpf-link.ffi.ts";

const TIMES = 1000;
const [path = "", slot = "0", ...key] = process.argv.slice(2);
const program = openPinned(path);
const args = Buffer.alloc(40);
args.writeUInt32LE(Number(slot), 0);
args.writeUInt32LE(TIMES, 4);
for (const [at, half] of key.entries()) args.writeUInt32LE(Number(half), 8 + 4 * at);

let going = true;
void once(process.stdin.resume(), "end").then(() => {
  going = false;
});
let hits = 0;
while (going) {
  runProgram(program, args);
  if (hits === 0) process.stdout.write("began\n");
  hits += Number(args.readBigUInt64LE(24));
  await setImmediate();
}
process.stdout.write(`${hits}\n`);
