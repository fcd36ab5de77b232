// SPDX-License-Identifier: Apache-2.0
// The parts of a path that a rule rewrites: process directories below /proc, and the class of a created file.

const NUMBER = /^[1-9][0-9]*$/;
const PROC = "/proc/";
/** A word in lower case with at most two digits behind it, 1 to 8 characters. Random suffixes of mkstemp hardly ever look like that. */
const CLASS = /^(?=.{1,8}$)[a-z]+[0-9]{0,2}$/;

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
 * 8 characters), else empty.
 */
export function classOf(pathname: string): string {
  const name = pathname.slice(pathname.lastIndexOf("/") + 1);
  const dot = name.lastIndexOf(".");
  const extension = dot > 0 ? name.slice(dot + 1) : "";
  return CLASS.test(extension) ? extension : "";
}
