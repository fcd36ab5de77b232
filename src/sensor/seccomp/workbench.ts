// SPDX-License-Identifier: Apache-2.0
// What the listeners of one workload are served with: made for the first one.
import { ContentDigests } from "../file/digest.ts";
import { asAgent } from "./agent-self.ts";
import type { Workbench } from "./call.ts";
import { idMapOf } from "./id-map.ts";
import type { Listener } from "./listener.ts";
import { TaskMemory } from "./memory.ts";
import { Objects } from "./objects.ts";
import type { ServeOptions, ServerCommons } from "./serve.ts";
import { TaskTable } from "./tasks.ts";
import { Views } from "./view.ts";

/** The caller closes `tasks`. */
export function newBench(
  options: ServeOptions,
  { self, rootDigests }: ServerCommons,
  listener: Listener,
): Workbench {
  const { sink } = options;
  const views = new Views();
  const ids = isContainer(options) ? idMapOf(options.pid) : undefined;
  const digests = new ContentDigests(options.digest, sink.emptyDigest, {
    progress: options.progress.alive,
    kept: options.programDigests ?? new Map(),
    asAgent,
    ...(rootDigests === undefined ? {} : { rootDigests }),
  });
  return {
    listener,
    memory: new TaskMemory(),
    tasks: new TaskTable(sink, views, ids),
    views,
    objects: new Objects(sink, digests, ids),
    self,
    sink,
    policy: { enforcing: options.enforcing },
    readsUnheld: options.readsUnheld === true,
    protectedPids: new Set(options.protectedPids),
    digest: options.digest,
  };
}

export function isContainer({ broughtBy }: ServeOptions): boolean {
  return broughtBy === "container-runtime";
}
