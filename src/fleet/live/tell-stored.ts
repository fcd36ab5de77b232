// SPDX-License-Identifier: Apache-2.0
// Tells consoles what ingest has stored, as the rows that lists would show: asked for once for each batch, after its transaction.
import { quote } from "../../base/quote.ts";
import { MAX_TOLD_VIOLATIONS, MAX_TOLD_WORKLOADS } from "../ingest/limits.ts";
import { violationId } from "../ingest/violations.ts";
import type { FleetContext } from "../server/context.ts";
import type { LiveHub } from "./hub.ts";
import { rowsOf } from "./rows.ts";

export function tellStored(context: FleetContext, hub: LiveHub): void {
  const { services, tell } = context;
  const told = (name: string, rows: () => Promise<readonly object[]>): void => {
    void rows().then(
      (all) => {
        for (const row of all) hub.tell(name, row);
      },
      (error: unknown) =>
        tell("warning", `consoles were not told of a ${name}: ${quote(String(error))}`),
    );
  };
  services.ingest.value.register({
    kind: "violation",
    apply: async () => undefined,
    committed: (items) => {
      const ids = items.map(({ host, item }) => violationId(host, item.run, item.number));
      told("violation", () => rowsOf(context).violations(ids.slice(0, MAX_TOLD_VIOLATIONS)));
    },
  });
  services.ingest.value.register({
    kind: "workload",
    apply: async () => undefined,
    committed: (items) => {
      const ids = [...new Set(items.map(({ host, item }) => `${host}~${item.run}`))];
      told("workload", () => rowsOf(context).workloads(ids.slice(0, MAX_TOLD_WORKLOADS)));
    },
  });
}
