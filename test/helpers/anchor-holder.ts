// SPDX-License-Identifier: Apache-2.0
// Starts an anchor, prints its pid, and serves it until it is killed. With "silent" it says who asks, and never answers.
import { writeSync } from "node:fs";
import { watchReadable } from "../../src/native/fd-passing.ffi.ts";
import { startAnchor } from "../../src/sensor/bpf/anchor.ts";

const silent = process.argv[2] === "silent";
const anchor = await startAnchor((pid) => {
  if (!silent) return 0;
  writeSync(1, `asked by ${pid}\n`);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  return 0;
});
writeSync(1, `${anchor.pid}\n`);
watchReadable(anchor.fuseFd, () => {
  anchor.server.drain();
});
