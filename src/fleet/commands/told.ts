// SPDX-License-Identifier: Apache-2.0
// What consoles are to be told anew: each thing once for many changes of it.

const MAX_TOLD = 1_000;

export class Told {
  readonly #ids = new Set<string>();
  readonly #tell: (ids: readonly string[]) => Promise<void>;

  constructor(tell: (ids: readonly string[]) => Promise<void>) {
    this.#tell = tell;
  }

  add(ids: readonly string[]): void {
    for (const id of ids) if (this.#ids.size < MAX_TOLD) this.#ids.add(id);
  }

  async flush(): Promise<void> {
    if (this.#ids.size === 0) return;
    const ids = [...this.#ids];
    this.#ids.clear();
    await this.#tell(ids);
  }
}
