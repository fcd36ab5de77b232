// SPDX-License-Identifier: Apache-2.0
// Remembers coefficients by what they are the digest of: who acts, and the bytes of the CELL. What a workload does again, and it nearly always
// does something again, costs no digest: 0.8 us less an event (bench/model.bench.ts). The key is the whole message, so the memo can not be wrong, whatever mapping and rules made it.
import type { TaskIdentity } from "../event/event.ts";
import { MAX_REMEMBERED } from "./limits.ts";

type ByCell = Map<string, string>;
type ByCoe = Map<string, ByCell>;
type ByParent = Map<string, ByCoe>;
type ByTask = Map<string, ByParent>;

export class CellMemo {
  #types = new Map<string, ByTask>();
  #size = 0;

  /** Coefficients by the text of the CELL, of one type of event by one actor; to be given to `set`. */
  cellsOf(type: string, { taskId, pTaskId }: TaskIdentity, coeDigest: string): ByCell {
    const byTask = under(this.#types, type);
    const byParent = under(byTask, taskId);
    const byCoe = under(byParent, pTaskId);
    return under(byCoe, coeDigest);
  }

  set(cells: ByCell, key: string, coefficient: string): void {
    if (this.#size >= MAX_REMEMBERED) {
      this.#types = new Map();
      this.#size = 0;
      return;
    }
    this.#size += 1;
    cells.set(key, coefficient);
  }
}

function under<V>(map: Map<string, Map<string, V>>, key: string): Map<string, V> {
  let found = map.get(key);
  if (found === undefined) {
    found = new Map();
    map.set(key, found);
  }
  return found;
}
