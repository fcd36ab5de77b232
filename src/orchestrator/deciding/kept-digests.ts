// SPDX-License-Identifier: Apache-2.0
// Digests of large programs that are kept between runs, loaded once a thread and written when there are more of them.
import { loadDigests, saveDigests } from "../digest-cache.ts";

export class KeptDigests {
  readonly #known = new Map<string, { readonly digests: Map<string, string>; written: number }>();

  /** By content key; whoever finds one adds it. */
  of(stateRoot: string, algorithm: string): Map<string, string> {
    return this.#entry(stateRoot, algorithm).digests;
  }

  /** Writes them when there are new ones. */
  save(stateRoot: string, algorithm: string): void {
    const entry = this.#entry(stateRoot, algorithm);
    if (entry.digests.size <= entry.written) return;
    saveDigests(stateRoot, algorithm, entry.digests);
    entry.written = entry.digests.size;
  }

  #entry(stateRoot: string, algorithm: string) {
    const key = `${algorithm} ${stateRoot}`;
    let entry = this.#known.get(key);
    if (entry === undefined) {
      const digests = loadDigests(stateRoot, algorithm);
      entry = { digests, written: digests.size };
      this.#known.set(key, entry);
    }
    return entry;
  }
}
