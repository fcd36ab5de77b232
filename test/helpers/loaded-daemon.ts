// SPDX-License-Identifier: Apache-2.0
// A daemon with workloads that never end, as a process that a test can kill. Arguments: folder of a DaemonPlace (when it is configured, the daemon has
// outputs), number of workloads, what they do.
// Prints one JSON line with the pids of the workloads once all of them run.
import { existsSync } from "node:fs";
import { outputsPart } from "../../src/daemon/outputs/part.ts";
import { DaemonPlace } from "./daemon-place.ts";

const LOOP = "while :; do cat /etc/hostname >/dev/null; done";
const [, , folder = "", count = "1", script = LOOP] = process.argv;

const place = new DaemonPlace(folder);
const configured = existsSync(place.config);
const daemon = await place.start(
  configured ? { configFile: place.config, parts: [outputsPart] } : {},
);
const runs = Array.from({ length: Number(count) }, (_, n) =>
  place.launch(daemon, ["sh", "-c", script], { name: `loop-${n}` }),
);
await Promise.all(runs.map(({ started }) => started));
for (const { id } of runs) {
  // some of its records: it runs
  for await (const _ of place.client.lines(id, "trajectory", { follow: true })) break;
}
const pids = runs.map(({ origin }) => ("pid" in origin ? origin.pid : 0));
process.stdout.write(`${JSON.stringify({ pids })}\n`);
