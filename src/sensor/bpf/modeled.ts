// SPDX-License-Identifier: Apache-2.0
// Who is modeled by programs in the kernel, as the kernel knows it: whichever Galgo serves the namespace, or none.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { BpfMap } from "../../native/bpf-map.ffi.ts";
import { type BpfPlace, DEFAULT_PLACE } from "./bpffs.ts";
import { NamespaceFlag } from "./layout.gen.ts";
import { membershipOf } from "./mark.ts";
import { flagsIn, serialIn } from "./namespace-slot.ts";
import { READY } from "./programs.ts";

/** The first of these threads that programs model, whoever serves its namespace; undefined: none. @throws BpfError */
export function modeledAmong(
  tids: readonly number[],
  place: BpfPlace = DEFAULT_PLACE,
): number | undefined {
  if (tids.length === 0 || !existsSync(place.folder)) return undefined;
  for (const build of readdirSync(place.folder)) {
    const folder = join(place.folder, build);
    const found = existsSync(join(folder, READY)) ? modeledIn(folder, tids) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

function modeledIn(folder: string, tids: readonly number[]): number | undefined {
  const tasks = BpfMap.open(join(folder, "maps/galgo_tasks"));
  const namespaces = BpfMap.open(join(folder, "maps/galgo_namespaces"));
  try {
    return tids.find((tid) => {
      const member = membershipOf(tasks, tid);
      if (member === undefined || serialIn(namespaces, member.slot) !== member.serial) return false;
      return (flagsIn(namespaces, member.slot) & NamespaceFlag.active) !== 0;
    });
  } finally {
    tasks.close();
    namespaces.close();
  }
}
