// SPDX-License-Identifier: Apache-2.0
// An event's record as names and values, the names with what they are in. Nothing here knows that it runs in a page.

/** What is listed of one record: events have some tens of members. */
const MAX_MEMBERS = 200;
const MAX_DEPTH = 8;

/** @param record JSON, as a host has sent it; what can not be read is shown as it is */
export function eventMembers(record: string): readonly (readonly [field: string, value: string])[] {
  let value: unknown;
  try {
    value = JSON.parse(record);
  } catch {
    return [["record", record]];
  }
  const found: (readonly [string, string])[] = [];
  gather(value, [], found);
  return found.slice(0, MAX_MEMBERS);
}

function gather(value: unknown, way: readonly string[], into: (readonly [string, string])[]): void {
  if (into.length >= MAX_MEMBERS) return;
  const inner = typeof value === "object" && value !== null && way.length < MAX_DEPTH;
  if (!inner) {
    into.push([way.join("."), typeof value === "string" ? value : JSON.stringify(value)]);
    return;
  }
  for (const [name, member] of Object.entries(value)) gather(member, [...way, name], into);
}
