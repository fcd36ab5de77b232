// SPDX-License-Identifier: Apache-2.0
// Where the console is: the part of the address behind #, as the names of a page and of what it shows, and the choices made there.
// Nothing here knows that it runs in a page.

/** "#/workloads/h~r/processes?q=nginx": page "workloads", rest ["h~r", "processes"], query q. */
export interface Route {
  readonly page: string;
  readonly rest: readonly string[];
  readonly query: Readonly<Record<string, string>>;
}

/** Choices that are undefined or empty are left out. */
export type Choices = Readonly<Record<string, string | undefined>>;

/** What an address names. Parts that are not well encoded are taken as they stand. */
export function parseRoute(hash: string): Route {
  const [path = "", search = ""] = cutAt(hash.replace(/^#?\/?/, ""), "?");
  const [page = "", ...rest] = path
    .split("/")
    .filter((part) => part !== "")
    .map(decoded);
  const query = Object.fromEntries(new URLSearchParams(search));
  return { page, rest, query };
}

/** The address of a place: everything in it is encoded. */
export function href(parts: readonly string[], choices: Choices = {}): string {
  return `#/${parts.map(encodeURIComponent).join("/")}${searchOf(choices)}`;
}

/** "?q=a&sort=b", or nothing. */
export function searchOf(choices: Choices): string {
  const given = Object.entries(choices).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== "",
  );
  return given.length === 0 ? "" : `?${new URLSearchParams(given).toString()}`;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function cutAt(text: string, mark: string): readonly [string, string] {
  const at = text.indexOf(mark);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}
