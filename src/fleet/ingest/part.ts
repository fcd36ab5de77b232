// SPDX-License-Identifier: Apache-2.0
// Ingest as two parts of the server: one that others register with, and, when all of them are there, one that takes what comes.
import { SERVER_SUBJECTS } from "../../wire/link/index.ts";
import type { FleetPart } from "../server/context.ts";
import { every } from "../server/every.ts";
import { committedAnswers } from "./committed.ts";
import { ParcelConsumer } from "./consumer.ts";
import { Heartbeats } from "./heartbeats.ts";
import { Ingest } from "./ingest.ts";
import { ASK_STATES_MS, CHECK_MS, SEEN_MS } from "./limits.ts";
import { WantedStates } from "./wanted-states.ts";

/** Among the first: provides `services.ingest` and `services.heartbeats`. */
export const ingestPart: FleetPart = {
  name: "ingest",
  start: async (context) => {
    context.services.ingest.provide(new Ingest(context));
    context.services.heartbeats.provide(new Heartbeats(context));
    return { close: async () => undefined };
  },
};

/** Behind all parts that register. */
export const consumePart: FleetPart = {
  name: "parcels and heartbeats",
  start: async (context) => {
    const { bus, store, services } = context;
    const heartbeats = services.heartbeats.value;
    const states = new WantedStates(context);
    const consumer = new ParcelConsumer(context, services.ingest.value);
    services.consumer.provide(consumer);
    const beats = bus.subscribe(SERVER_SUBJECTS.heartbeats, ({ subject, data }) =>
      heartbeats.take(subject, data),
    );
    bus.answer("committed", committedAnswers(store));
    const timers = [
      every(context, SEEN_MS, "last heartbeats", () => heartbeats.write()),
      every(context, CHECK_MS, "tables of hosts", () => heartbeats.check()),
      every(context, ASK_STATES_MS, "states", () => states.ask()),
    ];
    const close = async (): Promise<void> => {
      beats.unsubscribe();
      await Promise.all(timers.map((stop) => stop()));
      await consumer.close();
      await heartbeats.write().catch(() => undefined);
    };
    return { close };
  },
};
