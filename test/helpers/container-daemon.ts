// SPDX-License-Identifier: Apache-2.0
// A daemon that takes containers, as a process that a test can kill. Argument: folder of a DaemonPlace. Prints a line when it is ready, and
// one for each workload that starts.
import { CONTAINERS } from "../../src/daemon/containers/part.ts";
import { DaemonPlace } from "./daemon-place.ts";

const [, , folder = ""] = process.argv;
const place = new DaemonPlace(folder);
const daemon = await place.start({
  parts: [CONTAINERS],
  configFile: place.config,
  tell: (_, text) => process.stderr.write(`${text}\n`),
});
daemon.registry.listen(({ type }) => {
  if (type === "started") process.stdout.write("started\n");
});
process.stdout.write("ready\n");
