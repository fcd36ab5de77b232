// SPDX-License-Identifier: Apache-2.0
// The parts of a path that a rule rewrites: process directories below /proc, the class of a created file, temporary directories,
// numbers of pipes.

const NUMBER = /^[1-9][0-9]*$/;
const PROC = "/proc/";
/** A word in lower case with at most two digits behind it, 1 to 5 characters: shorter than the random suffixes of mkstemp (6 and more). */
const CLASS = /^(?=.{1,5}$)[a-z]+[0-9]{0,2}$/;
/** Longer extensions that make a difference. */
const LONG_CLASSES: ReadonlySet<string> = new Set([
  "config",
  "desktop",
  "properties",
  "service",
  "socket",
  "sqlite",
  "target",
]);
const ANONYMOUS = /^(pipe|socket):\[[0-9]+\]$/;

/**
 * Pathname with process ids below /proc replaced: the actor's own (`pid`, `tgid`) by `self`, others by `{pid}`,
 * and thread ids in task/ by `{tid}`.
 */
export function procSelf(pathname: string, pid: number, tgid: number | undefined): string {
  if (!pathname.startsWith(PROC)) return pathname;
  const parts = pathname.split("/");
  const process = parts[2] ?? "";
  if (NUMBER.test(process)) {
    const number = Number(process);
    parts[2] = number === tgid || number === pid ? "self" : "{pid}";
  }
  const below = parts[2] === "self" || parts[2] === "{pid}";
  if (below && parts[3] === "task" && NUMBER.test(parts[4] ?? "")) parts[4] = "{tid}";
  return parts.join("/");
}

/**
 * Class of a created file: its extension when that looks like one (lower-case letters, at most two digits behind them, at most
 * 5 characters, or one of a few longer words), else empty.
 */
export function classOf(pathname: string): string {
  const name = pathname.slice(pathname.lastIndexOf("/") + 1);
  const dot = name.lastIndexOf(".");
  const extension = dot > 0 ? name.slice(dot + 1) : "";
  return CLASS.test(extension) || LONG_CLASSES.has(extension) ? extension : "";
}

/**
 * Pathname below a temporary directory without that directory's name. No real path has the empty component in it, so none can
 * pretend to be below a temporary directory.
 */
export function belowTemporary(pathname: string, temporary: string): string {
  if (!pathname.startsWith(`${temporary}/`)) return pathname;
  const parent = temporary.slice(0, temporary.lastIndexOf("/"));
  return `${parent}//{temporary}${pathname.slice(temporary.length)}`;
}

/** `pipe:[n]` and `socket:[n]` without their number. */
export function withoutNumber(pathname: string): string {
  return pathname.startsWith("/") ? pathname : pathname.replace(ANONYMOUS, "$1:[]");
}
