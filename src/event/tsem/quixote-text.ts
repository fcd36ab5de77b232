// SPDX-License-Identifier: Apache-2.0
// Events as Quixote prints them in trajectories and forensics: less than was read, and valid JSON always.
import type { SecurityEvent } from "../event.ts";
import { isModelled } from "./quixote-cell.ts";
import { eventTree, spell, type Tree } from "./write.ts";

/**
 * One line: the `event` member as it was received where that is given, COE, and of the CELL what Quixote models. The device of a file
 * is always printed, its creator only with an instance. Where upstream prints what is no JSON, the members are those of an export record.
 */
export function quixoteText(event: SecurityEvent, received?: string): string {
  const tree = eventTree(event);
  const cell = isModelled(event.hook) ? withDevice(tree[event.hook] as Tree) : {};
  const parts = [
    `"event": ${received ?? spell(tree["event"] as Tree, escaped)}`,
    `"COE": ${spell(tree["COE"] as Tree, escaped)}`,
    `"${event.hook}": ${spell(cell, escaped)}`,
  ];
  return `{${parts.join(", ")}}`;
}

const escaped = (text: string): string => JSON.stringify(text).slice(1, -1);

const NO_DEVICE = { major: "0", minor: "0" };

function withDevice(cell: Tree): Tree {
  const file = cell["file"] as Tree | undefined;
  if (file === undefined) return cell;
  const path = { dev: NO_DEVICE, ...(file["path"] as Tree) };
  return { ...cell, file: { ...file, path } };
}
