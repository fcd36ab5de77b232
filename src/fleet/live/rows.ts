// SPDX-License-Identifier: Apache-2.0
// The rows that consoles are told, as lists would show them; whoever makes lists gives them.
import type { FleetContext } from "../server/context.ts";

export interface LiveRows {
  violations(ids: readonly string[]): Promise<readonly object[]>;
  /** @param ids HOST~RUN */
  workloads(ids: readonly string[]): Promise<readonly object[]>;
  hosts(ids: readonly string[]): Promise<readonly object[]>;
  summary(): Promise<object>;
}

/** Nobody makes lists: nothing is told. */
const NONE: LiveRows = {
  violations: async () => [],
  workloads: async () => [],
  hosts: async () => [],
  summary: async () => ({}),
};

export function rowsOf({ services }: Pick<FleetContext, "services">): LiveRows {
  return services.liveRows.maybe ?? NONE;
}
