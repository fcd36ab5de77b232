// SPDX-License-Identifier: Apache-2.0
// galgo mount DIR: the namespaces of the daemon as pseudo-files, until it is told to end or DIR is unmounted.
import { quote } from "../../base/quote.ts";
import { findDaemon } from "../../daemon/client/index.ts";
import { daemonSource, mountNamespaces } from "../../daemon/mount/index.ts";
import { outJson, say } from "../render.ts";

interface MountOptions {
  readonly json?: boolean;
}

export async function mount(folder: string, options: MountOptions): Promise<void> {
  const client = await findDaemon(process.env, process.getuid?.() ?? -1);
  const mounted = mountNamespaces({ folder, source: daemonSource(client) });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.on(signal, () => {
      mounted.close();
    });
  if (options.json === true) outJson({ folder: mounted.folder, daemon: client.socketPath });
  say(
    `the namespaces of the daemon at ${quote(client.socketPath)} are in ${quote(mounted.folder)}`,
  );
  await mounted.ended;
}
