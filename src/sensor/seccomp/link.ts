// SPDX-License-Identifier: Apache-2.0
// Magic links of /proc: what they lead to, and what they are called.
import { readlinkSync } from "node:fs";
import { AT } from "../file/open-flags.ts";
import { type Stat, statAt } from "../file/stat.ts";

/** stat of what a link leads to; undefined when it is gone. */
export function statLink(link: string): Stat | undefined {
  return statAt(AT.FDCWD, Buffer.from(`${link}\0`, "latin1"), 0);
}

/** Text of a link; "?" when it is gone. */
export function linkText(link: string): string {
  try {
    return readlinkSync(link);
  } catch {
    return "?";
  }
}
