// SPDX-License-Identifier: Apache-2.0
// The routes of what is seen of the fleet: everybody who is signed in may read them.
import { quote } from "../../base/quote.ts";
import type { SearchAnswer } from "../../wire/api/index.ts";
import { FleetError } from "../errors.ts";
import type { FleetContext, FleetPart } from "../server/context.ts";
import { pageOf } from "../server/page-of.ts";
import { listAsked } from "./asked.ts";
import { behaviourDetail, behavioursOf, stateDetail } from "./behaviours.ts";
import { HOST_FIELDS, HOST_FILTERS, hostRows, listHosts } from "./hosts.ts";
import { processesOf } from "./processes.ts";
import { searchFleet } from "./search.ts";
import { FleetViews } from "./views.ts";
import {
  listViolations,
  VIOLATION_FIELDS,
  VIOLATION_FILTERS,
  violationDetail,
} from "./violations.ts";
import { listWorkloads, WORKLOAD_FIELDS, WORKLOAD_FILTERS, workloadRows } from "./workloads.ts";

export const viewsPart: FleetPart = {
  name: "views",
  start: async (context) => {
    const views = new FleetViews(context);
    context.services.views.provide(views);
    context.services.liveRows.provide(views);
    fleetRoutes(context, views);
    workloadRoutes(context, views);
    violationRoutes(context);
    return { close: async () => undefined };
  },
};

function fleetRoutes({ http, store }: FleetContext, views: FleetViews): void {
  const { app } = http;
  const viewer = http.role("viewer");
  const { db } = store;
  app.get("/api/v1/summary", viewer, async (c) => c.json(await views.summary()));
  app.get("/api/v1/hosts", viewer, async (c) =>
    c.json(await listHosts(db, listAsked(c, HOST_FILTERS, HOST_FIELDS), views.terms())),
  );
  app.get("/api/v1/hosts/:id", viewer, async (c) => {
    const id = c.req.param("id");
    const [row] = await hostRows(db, [id], views.terms());
    return c.json(row ?? missing("host", id));
  });
  app.get("/api/v1/states/:state", viewer, async (c) => {
    const state = c.req.param("state");
    const found = await stateDetail(db, state, await views.census());
    return c.json(found ?? missing("state", state));
  });
  app.get("/api/v1/search", viewer, async (c) =>
    c.json({ rows: await searchFleet(db, pageOf(c).q) } satisfies SearchAnswer),
  );
}

function workloadRoutes({ http, store }: FleetContext, views: FleetViews): void {
  const { app } = http;
  const viewer = http.role("viewer");
  const { db } = store;
  app.get("/api/v1/workloads", viewer, async (c) =>
    c.json(
      await listWorkloads(
        db,
        listAsked(c, WORKLOAD_FILTERS, WORKLOAD_FIELDS),
        await views.census(),
      ),
    ),
  );
  app.get("/api/v1/workloads/:id", viewer, async (c) => {
    const id = c.req.param("id");
    const [row] = await workloadRows(db, [id], await views.census());
    return c.json(row ?? missing("workload", id));
  });
  app.get("/api/v1/workloads/:id/processes", viewer, async (c) =>
    c.json(await processesOf(store, c.req.param("id"))),
  );
  app.get("/api/v1/workloads/:id/behaviours", viewer, async (c) =>
    c.json(await behavioursOf(db, c.req.param("id"), listAsked(c, [], []))),
  );
  app.get("/api/v1/workloads/:id/violations", viewer, async (c) => {
    const asked = listAsked(c, VIOLATION_FILTERS, VIOLATION_FIELDS);
    const only = { ...asked.only, workload: c.req.param("id") };
    return c.json(await listViolations(db, { ...asked, only }));
  });
}

function violationRoutes({ http, store }: FleetContext): void {
  const { app } = http;
  const viewer = http.role("viewer");
  const { db } = store;
  app.get("/api/v1/violations", viewer, async (c) =>
    c.json(await listViolations(db, listAsked(c, VIOLATION_FILTERS, VIOLATION_FIELDS))),
  );
  app.get("/api/v1/violations/:id", viewer, async (c) => {
    const id = c.req.param("id");
    return c.json((await violationDetail(db, id)) ?? missing("violation", id));
  });
  app.get("/api/v1/behaviours/:coefficient", viewer, async (c) => {
    const coefficient = c.req.param("coefficient");
    return c.json((await behaviourDetail(db, coefficient)) ?? missing("behaviour", coefficient));
  });
}

function missing(what: string, id: string): never {
  throw new FleetError("NOT_FOUND", `there is no ${what} ${quote(id, 200)}`);
}
