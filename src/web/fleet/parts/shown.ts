// SPDX-License-Identifier: Apache-2.0
// Text and numbers as they are shown. Names come from hosts and from what runs there: they are only ever set as text, and what could not be
// seen in them is made visible.
import { count, plural } from "../../../base/counts.ts";
import { quote } from "../../../base/quote.ts";

export { count, plural };

/** Longest name that is shown whole. */
const MAX_SHOWN = 2_048;
const SHORT_DIGITS = 12;
/** As for a terminal, but a blank is a blank here. */
const UNSAFE = /[\p{C}\p{Zl}\p{Zp}\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/u;

/** Untrusted text for a page: as it is, or quoted when something in it would be invisible or change the direction. */
export function shown(text: string | undefined): string {
  if (text === undefined) return "";
  return UNSAFE.test(text) || text.length > MAX_SHOWN ? quote(text, MAX_SHOWN) : text;
}

/** The first digits of a digest. */
export function short(digest: string): string {
  return digest.slice(0, SHORT_DIGITS);
}

/** "12 s", "4 min", "3 h", "5 d": how long ago, roughly. */
export function ago(ms: number, now: number): string {
  const seconds = Math.max(0, Math.round((now - ms) / 1_000));
  if (seconds < 1) return "now";
  return span(seconds);
}

/** A length of time in its largest unit. @param seconds not negative */
export function span(seconds: number): string {
  if (seconds < 60) return `${Math.round(seconds)} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

const pad = (value: number): string => String(value).padStart(2, "0");

/** "14:03:09", in the time zone of the browser. */
export function clock(ms: number): string {
  const at = new Date(ms);
  return `${pad(at.getHours())}:${pad(at.getMinutes())}:${pad(at.getSeconds())}`;
}

/** "2026-11-22 14:03:09", in the time zone of the browser. */
export function moment(ms: number): string {
  const at = new Date(ms);
  return `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())} ${clock(ms)}`;
}

/** "1.2 k", "60 k", "3.4 M": where there is little room. */
export function brief(value: number): string {
  if (value < 10_000) return count(value);
  if (value < 1_000_000) return `${Math.round(value / 1_000)} k`;
  return `${(value / 1_000_000).toFixed(value < 10_000_000 ? 1 : 0)} M`;
}

/** "312 B", "4.5 kB", "12 MB" */
export function bytes(value: number): string {
  if (value < 1_000) return `${value} B`;
  if (value < 1_000_000) return `${(value / 1_000).toFixed(value < 10_000 ? 1 : 0)} kB`;
  return `${(value / 1_000_000).toFixed(value < 10_000_000 ? 1 : 0)} MB`;
}

/** "a=b, c=d" */
export function labelsText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${shown(name)}=${shown(value)}`)
    .join(", ");
}
