// SPDX-License-Identifier: Apache-2.0
// The members of a COE in a kernel's spelling.
import type { Coe } from "../coe.ts";
import type { Scanner } from "./scanner.ts";
import { ownText, slotOfCoe, TextCache } from "./text-cache.ts";

/** From the name of the first member behind its quote, to the closing quote of the last value. */
export function scanCoeMembers(s: Scanner): Coe {
  s.fixed('uid": "');
  const uid = s.u32();
  s.fixed('", "euid": "');
  const euid = s.u32();
  s.fixed('", "suid": "');
  const suid = s.u32();
  s.fixed('", "gid": "');
  const gid = s.u32();
  s.fixed('", "egid": "');
  const egid = s.u32();
  s.fixed('", "sgid": "');
  const sgid = s.u32();
  s.fixed('", "fsuid": "');
  const fsuid = s.u32();
  s.fixed('", "fsgid": "');
  const fsgid = s.u32();
  s.fixed('", "capeff": "');
  const capeff = s.mask();
  return { uid, euid, suid, gid, egid, sgid, fsuid, fsgid, capeff };
}

/** A COE and its text, from its name to its closing brace. */
export interface CoeMember {
  readonly text: string;
  readonly coe: Coe;
}

const known = new TextCache<CoeMember>(slotOfCoe);
let last: CoeMember | undefined;

/** The `COE` member. Objects and texts are shared between records that have the same. */
export function scanCoe(s: Scanner): CoeMember {
  if (last !== undefined && s.skip(last.text)) return last;
  const start = s.pos;
  const end = s.text.indexOf("}", start) + 1;
  const found = known.get(s.text, start, end);
  last = found ?? readCoe(s);
  if (found === undefined) known.set(s.text, start, s.pos, last);
  s.pos = start + last.text.length;
  return last;
}

function readCoe(s: Scanner): CoeMember {
  const start = s.pos;
  s.fixed('"COE": {"');
  const coe = scanCoeMembers(s);
  s.fixed('"}');
  return { text: ownText(s.text.slice(start, s.pos)), coe };
}
