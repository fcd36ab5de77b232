// SPDX-License-Identifier: Apache-2.0
// How much each host may have stored: a host that somebody has taken over shall not fill the database of all. What is beyond is not stored and
// not committed, so a host that is well keeps it and sends it again.
import { HOST_BURST_BYTES, HOST_BYTES_PER_S, MAX_BUDGETS, PARCEL_COST_BYTES } from "./limits.ts";

interface Account {
  /** Bytes that it may send now. */
  left: number;
  /** ms */
  at: number;
}

export class HostBudgets {
  readonly #now: () => number;
  readonly #accounts = new Map<string, Account>();

  /** @param now ms */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Whether this host may have so many bytes more stored; then they are counted. */
  take(host: string, bytes: number): boolean {
    const account = this.#account(host);
    const cost = bytes + PARCEL_COST_BYTES;
    if (account.left < cost) return false;
    account.left -= cost;
    return true;
  }

  #account(host: string): Account {
    const now = this.#now();
    const known = this.#accounts.get(host);
    if (known === undefined) {
      const account = { left: HOST_BURST_BYTES, at: now };
      if (this.#accounts.size >= MAX_BUDGETS) this.#forget(now);
      this.#accounts.set(host, account);
      return account;
    }
    known.left = grown(known, now);
    known.at = now;
    return known;
  }

  /** Those that have all of it again are as if they had never sent anything. */
  #forget(now: number): void {
    for (const [host, account] of this.#accounts)
      if (grown(account, now) >= HOST_BURST_BYTES) this.#accounts.delete(host);
  }
}

function grown({ left, at }: Account, now: number): number {
  const more = (Math.max(0, now - at) / 1_000) * HOST_BYTES_PER_S;
  return Math.min(HOST_BURST_BYTES, left + more);
}
