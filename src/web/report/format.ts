// SPDX-License-Identifier: Apache-2.0
// Numbers and times for people.

export { count, plural } from "../../base/counts.ts";

/** "0.4 ms", "12.3 ms", "4.56 s", "3 min 20 s", "2 h 5 min" */
export function duration(ms: number): string {
  if (ms < 1_000) return `${ms.toFixed(ms < 100 ? 1 : 0)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(2)} s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** A time since the start; "" when it is not known. */
export function since(ms: number): string {
  return ms < 0 ? "" : `+${duration(ms)}`;
}

export function microseconds(us: number): string {
  return us < 1_000 ? `${us.toFixed(us < 10 ? 1 : 0)} µs` : duration(us / 1_000);
}

/** A share in per cent with as many digits as it needs: "12 %", "0.03 %", "less than 0.001 %". */
export function percent(share: number): string {
  const value = share * 100;
  if (value === 0) return "0 %";
  if (value < 0.001) return "less than 0.001 %";
  if (value < 1) return `${Number(value.toPrecision(2))} %`;
  return `${value.toFixed(value < 10 ? 1 : 0)} %`;
}

/** "2026-11-22 07:38:12 UTC" */
export function moment(iso: string): string {
  return iso.replace("T", " ").replace(/\.\d+Z$/, " UTC");
}

/** The last part of a path, for where there is little room. */
export function shortPath(path: string): string {
  if (path.startsWith('"')) return path;
  return path.slice(path.lastIndexOf("/") + 1) || path;
}
