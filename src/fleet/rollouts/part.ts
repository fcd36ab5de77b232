// SPDX-License-Identifier: Apache-2.0
// Staged roll-outs as a part of the server.
import { ordererOf } from "../commands/part.ts";
import { Told } from "../commands/told.ts";
import type { FleetContext, FleetPart } from "../server/context.ts";
import { every } from "../server/every.ts";
import { addressOf, jsonBody } from "../server/http.ts";
import { pageOf } from "../server/page-of.ts";
import { planOf } from "./plan.ts";
import { Rollouts } from "./rollouts.ts";
import { listRollouts, rolloutRow } from "./rows.ts";

/** How often it is looked whether a roll-out is to go on, to stop, or to go back (ms). */
const WORK_MS = 1_000;
const TELL_MS = 500;

export const rolloutsPart: FleetPart = {
  name: "roll-outs",
  start: async (context) => {
    const { store, services, now } = context;
    const told = new Told(async (ids) => {
      for (const id of ids) {
        const row = await rolloutRow(rollouts.db, await rollouts.get(id));
        services.live.maybe?.tell("rollout", row);
      }
    });
    const rollouts = new Rollouts({
      store,
      commands: services.commands.value,
      audit: services.audit.value,
      now,
      seen: (host) => services.heartbeats.value.seen(host),
      changed: (id) => told.add([id]),
    });
    services.views.value.registerPending("rollouts", () => rollouts.active());
    addRoutes(context, rollouts);
    const stops = [
      every(context, WORK_MS, "roll-outs", () => rollouts.work()),
      every(context, TELL_MS, "what became of roll-outs", () => told.flush()),
    ];
    return {
      close: async () => {
        await Promise.all(stops.map((stop) => stop()));
      },
    };
  },
};

function addRoutes({ http, services }: FleetContext, rollouts: Rollouts): void {
  const { app, role, allowBody } = http;
  const audit = services.audit.value;
  allowBody("/api/v1/rollouts", 4 * 1024 * 1024);
  app.get("/api/v1/rollouts", role("viewer"), async (c) =>
    c.json(await listRollouts(rollouts.db, pageOf(c))),
  );
  app.get("/api/v1/rollouts/:id", role("viewer"), async (c) =>
    c.json(await rolloutRow(rollouts.db, await rollouts.get(c.req.param("id")))),
  );
  app.post("/api/v1/rollouts", role("operator"), async (c) => {
    const body = await jsonBody(c);
    const who = c.get("principal");
    const deed = { who, action: "rollout.begin", target: "", address: addressOf(c) };
    const id = await audit.during(deed, async (more) => {
      const plan = await planOf(body, services.commands.value.db, services.models.value);
      more.words = `${plan.model ?? plan.mode} for ${plan.name} on ${plan.hosts.length} hosts`;
      more.target = await rollouts.begin(plan, ordererOf(who));
      return more.target;
    });
    return c.json(await rolloutRow(rollouts.db, await rollouts.get(id)), 201);
  });
  for (const verb of ["pause", "resume", "rollback"] as const) {
    app.post(`/api/v1/rollouts/:id/${verb}`, role("operator"), async (c) => {
      const who = c.get("principal");
      const target = c.req.param("id");
      const deed = { who, action: `rollout.${verb}`, target, address: addressOf(c) };
      await audit.during(deed, () => rollouts.order(target, verb, ordererOf(who)));
      return c.json(await rolloutRow(rollouts.db, await rollouts.get(target)));
    });
  }
}
