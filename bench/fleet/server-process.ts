// SPDX-License-Identifier: Apache-2.0
// A server of the fleet in a process of its own; its options come as JSON. Says in one line of JSON when it serves.
import { startFleet } from "../../src/fleet/server/serve.ts";
import type { ServerOrder, ServerReady } from "./server.ts";

const order = JSON.parse(process.argv[2] ?? "{}") as ServerOrder;
const fleet = await startFleet({
  ...order,
  version: "bench",
  tell: (word, text) => {
    if (word !== "info" || order.talks === true) console.error(`${word}: ${text}`);
  },
});
const ready: ServerReady = { url: fleet.url, busPid: fleet.busPid ?? 0 };
console.log(JSON.stringify(ready));

const end = (): void => {
  fleet.close().then(
    () => process.exit(0),
    () => process.exit(1),
  );
};
process.once("SIGTERM", end);
// nobody is left who would end it
process.stdin.resume().once("end", end);
