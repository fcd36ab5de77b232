// SPDX-License-Identifier: Apache-2.0
// What consoles are told by themselves, as a part of the server.
import type { FleetPart } from "../server/context.ts";
import { LiveHub } from "./hub.ts";
import { eventStream } from "./stream.ts";
import { tellStored } from "./tell-stored.ts";
import { HostWatch } from "./host-watch.ts";
import { SummaryTeller } from "./summary.ts";

/** Behind ingest, before the parts that tell something. */
export const livePart: FleetPart = {
  name: "live",
  start: async (context) => {
    const hub = new LiveHub(context);
    context.services.live.provide(hub);
    context.services.hub.provide(hub);
    tellStored(context, hub);
    const summary = new SummaryTeller(context, hub);
    const hosts = new HostWatch(context, hub);
    const { app, role } = context.http;
    app.get("/api/v1/events", role("viewer"), (c) => eventStream(context, hub, c));
    const close = async (): Promise<void> => {
      hosts.close();
      await summary.close();
    };
    return { close };
  },
};
