// SPDX-License-Identifier: Apache-2.0
// The launcher for machines where the native one was not built, bundled into dist/native/galgo-launch-node.mjs. One file,
// three roles: the guard, the process that becomes the workload, and a thread of the latter that has no filter.
import { isMainThread } from "node:worker_threads";
import { runChild } from "./launch-node-child.ts";
import { runGuard } from "./launch-node-guard.ts";
import { runSender } from "./launch-node-sender.ts";

const EXIT_GUARD = 125;

if (isMainThread) {
  const [role, descriptor = "", ...rest] = process.argv.slice(2);
  if (role === "guard") runGuard(Number(descriptor), rest);
  else if (role === "child") runChild(Number(descriptor), rest);
  else process.exitCode = EXIT_GUARD;
} else {
  runSender();
}
