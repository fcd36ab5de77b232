// SPDX-License-Identifier: Apache-2.0
// The group of the daemon's sockets.
import { readFileSync } from "node:fs";
import { quote } from "../../base/quote.ts";
import { DaemonError } from "../errors.ts";

/** @param group name in /etc/group, or a number @throws DaemonError NO_GROUP */
export function groupId(group: string | number | undefined): number | undefined {
  if (group === undefined || typeof group === "number") return group;
  for (const line of readFileSync("/etc/group", "utf8").split("\n")) {
    const [name, , gid] = line.split(":");
    if (name === group && gid !== undefined) return Number(gid);
  }
  throw new DaemonError(
    "NO_GROUP",
    `[daemon] group: there is no group ${quote(group)} in /etc/group; groupadd --system ${quote(group)} makes it`,
  );
}
