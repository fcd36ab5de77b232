// SPDX-License-Identifier: Apache-2.0
// What is seen of the fleet, for the routes and for those who tell consoles of changes.
import type { HostRow, Summary, ViolationRow, WorkloadRow } from "../../wire/api/index.ts";
import type { FleetContext } from "../server/context.ts";
import { type Census, Censuses } from "./census.ts";
import { hostRows, type HostTerms } from "./hosts.ts";
import { summaryOf, ViolationNumbers } from "./summary.ts";
import { violationRows } from "./violations.ts";
import { workloadRows } from "./workloads.ts";

/** What waits in another part: `verdicts`, `commands` or `rollouts`. */
export type PendingCount = () => Promise<number>;
export type PendingName = keyof Summary["pending"];

type ViewsContext = Pick<FleetContext, "store" | "now"> & {
  readonly services: Pick<FleetContext["services"], "heartbeats">;
};

export class FleetViews {
  readonly #context: ViewsContext;
  readonly #censuses: Censuses;
  readonly #violations: ViolationNumbers;
  readonly #pending = new Map<PendingName, PendingCount>();

  constructor(context: ViewsContext) {
    this.#context = context;
    this.#censuses = new Censuses(context.store);
    this.#violations = new ViolationNumbers(context.store);
  }

  /** A part tells how much waits in it. */
  registerPending(name: PendingName, count: PendingCount): void {
    this.#pending.set(name, count);
  }

  terms(): HostTerms {
    const { now, services } = this.#context;
    // what was heard here is in the database only a little later
    return { now: now(), seen: (host) => services.heartbeats.maybe?.seen(host) };
  }

  census(): Promise<Census> {
    return this.#censuses.at(this.#context.now());
  }

  async summary(): Promise<Summary> {
    const census = await this.census();
    const terms = this.terms();
    const [violations, pending] = await Promise.all([
      this.#violations.at(terms.now),
      this.#waiting(),
    ]);
    return await summaryOf(this.#context.store.db, census, terms, { violations, pending });
  }

  async workloads(ids: readonly string[]): Promise<readonly WorkloadRow[]> {
    return await workloadRows(this.#context.store.db, ids, await this.census());
  }

  violations(ids: readonly string[]): Promise<readonly ViolationRow[]> {
    return violationRows(this.#context.store.db, ids);
  }

  hosts(ids: readonly string[]): Promise<readonly HostRow[]> {
    return hostRows(this.#context.store.db, ids, this.terms());
  }

  async #waiting(): Promise<Summary["pending"]> {
    const count = async (name: PendingName): Promise<number> =>
      (await this.#pending.get(name)?.()) ?? 0;
    const [verdicts, commands, rollouts] = await Promise.all(
      (["verdicts", "commands", "rollouts"] as const).map(count),
    );
    return { verdicts: verdicts ?? 0, commands: commands ?? 0, rollouts: rollouts ?? 0 };
  }
}
