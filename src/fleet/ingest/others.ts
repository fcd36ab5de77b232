// SPDX-License-Identifier: Apache-2.0
// Processes and notices: appended.
import type { Transaction } from "kysely";
import type { NoticeItem, ProcessesItem } from "../../wire/link/index.ts";
import { dbText, pieces } from "../store/index.ts";
import type { FleetSchema } from "../store/index.ts";
import type { Arrived, ItemApplier } from "./applier.ts";

const WIDTH = 8;

export const processesApplier: ItemApplier<"processes"> = {
  kind: "processes",
  apply: applyProcesses,
};

export const noticeApplier: ItemApplier<"notice"> = { kind: "notice", apply: applyNotices };

async function applyProcesses(
  tx: Transaction<FleetSchema>,
  items: readonly Arrived<ProcessesItem>[],
): Promise<void> {
  const rows = items.map(({ host, told, index, item }) => ({
    host,
    run: item.run,
    told,
    item: index,
    lines: JSON.stringify(item.processes),
  }));
  for (const some of pieces(rows, WIDTH)) {
    await tx
      .insertInto("processes")
      .values([...some])
      .execute();
  }
}

async function applyNotices(
  tx: Transaction<FleetSchema>,
  items: readonly Arrived<NoticeItem>[],
  now: number,
): Promise<void> {
  const rows = items.map(({ host, epoch, seq, index, item }) => ({
    id: `${host}.${epoch}.${seq}.${index}`,
    host,
    at: Math.min(item.at, now),
    level: item.level,
    words: dbText(item.words),
    body: JSON.stringify(item),
  }));
  for (const some of pieces(rows, WIDTH)) {
    await tx
      .insertInto("notices")
      .values([...some])
      .execute();
  }
}
