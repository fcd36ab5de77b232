// SPDX-License-Identifier: Apache-2.0
// Outputs in a process that a test can kill. Argument: JSON with the folder of the journal, the file to write to, and the runs that go on.
// Says a line when it is loaded, opens the outputs when it is sent something, and says another line then.
import { once } from "node:events";
import { openOutputs } from "../../src/daemon/outputs/outputs.ts";
import type { OutputRun } from "../../src/daemon/outputs/journal/feeds.ts";

export interface ChildOrder {
  readonly folder: string;
  readonly path: string;
  readonly runs: readonly OutputRun[];
}

const told = once(process.stdin, "data");
process.stdout.write("loaded\n");
await told;
const { folder, path, runs } = JSON.parse(process.argv[2] ?? "") as ChildOrder;
const outputs = await openOutputs({
  folder,
  journal: {},
  outputs: [{ kind: "file", path, start: "oldest" }],
  version: "1.2.3",
  env: {},
  onNotice: (text) => process.stderr.write(`${text}\n`),
});
for (const run of runs) outputs.started(run, "goes on");
// outputs keep no process alive
const alive = setInterval(() => undefined, 60_000);
process.once("SIGTERM", () => {
  clearInterval(alive);
  process.stdin.destroy();
  for (const run of runs) outputs.ended(run);
  void outputs.close(60_000);
});
process.stdout.write("ready\n");
