// SPDX-License-Identifier: Apache-2.0
// Commands as a part of the server: ordered over the API, sent, asked for by hosts that were away, answered in parcels.
import type { CommandRow } from "../../wire/api/index.ts";
import type { ItemApplier } from "../ingest/applier.ts";
import { FleetError } from "../errors.ts";
import type { FleetContext, FleetPart } from "../server/context.ts";
import { every } from "../server/every.ts";
import { addressOf, jsonBody, type Principal } from "../server/http.ts";
import { pageOf } from "../server/page-of.ts";
import { ALL_SUBJECT, Commands, mayOrder, type Orderer } from "./commands.ts";
import { MAX_ORDER_BYTES, SEND_MS, TELL_MS } from "./limits.ts";
import { addressees, readOrder } from "./orders.ts";
import { applyResults, missedCommands } from "./results.ts";
import { commandResults, commandRow, commandRows, listCommands, pendingCommands } from "./rows.ts";
import type { CommandTables } from "./tables.ts";
import { Told } from "./told.ts";

export const commandsPart: FleetPart = {
  name: "commands",
  start: async (context) => {
    const { bus, store, services, keys, now } = context;
    const encoder = new TextEncoder();
    const commands = new Commands({
      store,
      signer: keys.command,
      now,
      down: (host, text) => bus.down(host, "cmd", encoder.encode(text)),
      all: (text) => bus.publish(ALL_SUBJECT, encoder.encode(text)),
    });
    services.commands.provide(commands);
    const told = new Told(async (ids) => {
      for (const row of await commandRows(commands.db, ids)) tellCommand(context, row);
    });
    services.ingest.value.register(resultApplier(told));
    services.views.value.registerPending("commands", () => pendingCommands(commands.db, now()));
    bus.answer("commands", missedCommands(commands.db, now));
    addRoutes(context, commands);
    const stops = [
      every(context, SEND_MS, "commands", async () => {
        await commands.sendUnsent();
        told.add(await commands.expire());
      }),
      every(context, TELL_MS, "what became of commands", () => told.flush()),
    ];
    return {
      close: async () => {
        await Promise.all(stops.map((stop) => stop()));
      },
    };
  },
};

function resultApplier(told: Told): ItemApplier<"result"> {
  return {
    kind: "result",
    apply: (tx, items, at) => applyResults(tx.withTables<CommandTables>(), items, at),
    committed: (items) => told.add(items.map(({ item }) => item.command)),
  };
}

function tellCommand({ services }: FleetContext, row: CommandRow): void {
  services.live.maybe?.tell("command", row);
}

/** Who may give orders. @throws FleetError NOT_ALLOWED */
export function ordererOf({ name, role }: Principal): Orderer {
  if (role !== "viewer") return { name, role };
  throw new FleetError("NOT_ALLOWED", "a viewer orders nothing");
}

function addRoutes(context: FleetContext, commands: Commands): void {
  const { http, services } = context;
  const { app, role } = http;
  http.allowBody("/api/v1/commands", MAX_ORDER_BYTES);
  app.get("/api/v1/commands", role("viewer"), async (c) =>
    c.json(await listCommands(commands.db, pageOf(c))),
  );
  app.get("/api/v1/commands/:id", role("viewer"), async (c) =>
    c.json(await commandRow(commands.db, c.req.param("id"))),
  );
  app.get("/api/v1/commands/:id/results", role("viewer"), async (c) =>
    c.json(await commandResults(commands.db, c.req.param("id"), pageOf(c))),
  );
  app.post("/api/v1/commands", role("operator"), async (c) => {
    const who = c.get("principal");
    const deed = { who, action: "command", target: "", address: addressOf(c) };
    const body = await jsonBody(c);
    const id = await services.audit.value.during(deed, async (more) => {
      const { hosts, ...order } = readOrder(body);
      const by = ordererOf(who);
      if (!mayOrder(order.kind, by.role)) {
        throw new FleetError("NOT_ALLOWED", `${order.kind} is ordered by admins only`);
      }
      const to = await addressees(commands.db, { hosts, select: order.select });
      const made = await commands.issue({ ...order, to, by });
      more.target = made;
      more.words = (await commandRow(commands.db, made)).words;
      return made;
    });
    const row = await commandRow(commands.db, id);
    tellCommand(context, row);
    return c.json(row, 201);
  });
}
