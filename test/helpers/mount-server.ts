// SPDX-License-Identifier: Apache-2.0
// Serves mounted files of two namespaces, for tests that kill it. Arguments: the directory, the way to mount. Orders come as JSON lines on stdin, what
// was written into control files goes to stdout, each as one line.
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import type { WorkloadStatus } from "../../src/daemon/api/types.ts";
import { ERRNO, FileError } from "../../src/daemon/mount/errors.ts";
import { mountNamespaces } from "../../src/daemon/mount/index.ts";
import type { NamespaceSource, RecordKind } from "../../src/daemon/mount/source.ts";
import type { MountOrder } from "./mounted.ts";

const FOLLOW_MS = 5;
/** Of Debian's user nobody. */
const NOBODY = 65_534;

interface Shown {
  readonly status: WorkloadStatus;
  readonly records: Record<RecordKind, string[]>;
  sealed: boolean;
}

function shown(id: string, name: string, owner: number): Shown {
  const status = { id, name, owner, started: "2026-11-22T10:00:00.000Z" } as WorkloadStatus;
  const values = { state: "aa".repeat(32), measurement: "bb".repeat(32) };
  return {
    status: { ...status, ...values },
    records: { trajectory: [], forensics: [] },
    sealed: false,
  };
}

const running = new Map<string, Shown>(
  [shown("one", "web", 0), shown("two", "batch", NOBODY)].map((each) => [each.status.id, each]),
);
let stuck = false;

function find(id: string): Shown {
  const found = running.get(id);
  if (found === undefined) throw new FileError(ERRNO.ended);
  return found;
}

const source: NamespaceSource = {
  list: async () => [...running.values()].map(({ status }) => status),
  status: async (id) => find(id).status,
  points: async (id) => {
    find(id);
    return [
      { coefficient: "01".repeat(32), count: 5, valid: true },
      { coefficient: "02".repeat(32), count: 1, valid: false },
      { coefficient: "03".repeat(32), count: 12, valid: true },
    ];
  },
  async *records(id, kind, from) {
    while (stuck) await pause(FOLLOW_MS);
    yield* find(id).records[kind].slice(from);
  },
  async *follow(id, kind, from, signal) {
    const { records } = find(id);
    let next = from;
    for (let last = false; !signal.aborted && !last; await pause(FOLLOW_MS)) {
      last = !running.has(id);
      for (const line of records[kind].slice(next)) {
        next += 1;
        yield line;
      }
    }
  },
  control: async (id, order, asker) => {
    const namespace = find(id);
    if (order.verb === "seal" && namespace.sealed) throw new FileError(ERRNO.refused);
    namespace.sealed ||= order.verb === "seal";
    console.log(JSON.stringify({ id, ...order, asker }));
  },
};

const [, , folder = "", way] = process.argv;
const mounted = mountNamespaces({ folder, source, way: way === "fusermount3" ? way : "mount" });
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => mounted.close());
createInterface({ input: process.stdin }).on("line", (line) => {
  const order = JSON.parse(line) as MountOrder;
  if ("stuck" in order) stuck = order.stuck;
  else if ("end" in order) running.delete(order.end);
  else find(order.id).records[order.kind].push(...order.lines);
  console.log("done");
});
console.log("mounted");
await mounted.ended;
process.exit(0);
