// SPDX-License-Identifier: Apache-2.0
// Dates and times as programs put them into names: 2026-11-21, 20261121, 2026-11, 20261121T073406Z, 2026-11-21_07.34.06, 2026-11-21T07_34_06_789Z, 07:34:06.

const DATE_MARKS = "-_.";
const TIME_MARKS = ":-_.";
const JOINERS = "Tt_-. ";
const FRACTION_MARKS = ".,_";
const MAX_FRACTION_DIGITS = 9;

/** Where the date or time that begins at `at` ends, as far as it goes; -1 when there is none, or a digit right behind it. */
export function timeEnd(text: string, at: number, end: number): number {
  const date = dateEnd(text, at, end);
  if (date < 0) return closed(text, clockEnd(text, at, end, true), end);
  const joined = JOINERS.includes(text.charAt(date)) && date < end ? date + 1 : date;
  const clock = clockEnd(text, joined, end, false);
  const whole = clock < 0 ? -1 : closed(text, zoneEnd(text, clock, end), end);
  return whole < 0 ? closed(text, date, end) : whole;
}

/** `stop`, or -1 when a digit follows: then this was the beginning of something else. */
function closed(text: string, stop: number, end: number): number {
  return stop < 0 || (stop < end && isDigit(text, stop)) ? -1 : stop;
}

/** Year and month, with marks between them also without a day: 1970 to 2199. */
function dateEnd(text: string, at: number, end: number): number {
  const year = numberAt(text, at, at + 4, end);
  if (year < 1970 || year > 2199) return -1;
  const mark = markAt(text, at + 4, DATE_MARKS);
  const month = at + 4 + mark.length;
  const m = numberAt(text, month, month + 2, end);
  if (m < 1 || m > 12) return -1;
  if (mark !== "" && !text.startsWith(mark, month + 2)) return month + 2;
  const day = month + 2 + mark.length;
  const d = numberAt(text, day, day + 2, end);
  if (d >= 1 && d <= 31) return day + 2;
  return mark === "" ? -1 : month + 2;
}

/** Hour and minute, seconds and their fraction; `marked`: seconds and marks between them are a must, because no date says what it is. */
function clockEnd(text: string, at: number, end: number, marked: boolean): number {
  const hour = numberAt(text, at, at + 2, end);
  if (hour < 0 || hour > 23) return -1;
  const mark = markAt(text, at + 2, TIME_MARKS);
  const minute = at + 2 + mark.length;
  const m = numberAt(text, minute, minute + 2, end);
  if (m < 0 || m > 59 || (marked && mark === "")) return -1;
  const second = minute + 2 + mark.length;
  const s = text.startsWith(mark, minute + 2) ? numberAt(text, second, second + 2, end) : -1;
  if (s < 0 || s > 60) return marked ? -1 : minute + 2;
  return fractionEnd(text, second + 2, end);
}

function fractionEnd(text: string, at: number, end: number): number {
  if (at >= end || !FRACTION_MARKS.includes(text.charAt(at))) return at;
  let stop = at + 1;
  while (stop < end && isDigit(text, stop)) stop += 1;
  const digits = stop - at - 1;
  return digits >= 1 && digits <= MAX_FRACTION_DIGITS ? stop : at;
}

/** `Z`, `+0200`, `+02:00`, or nothing. */
function zoneEnd(text: string, at: number, end: number): number {
  if (at >= end) return at;
  if (text[at] === "Z") return at + 1;
  if (text[at] !== "+" && text[at] !== "-") return at;
  const colon = text[at + 3] === ":" ? 1 : 0;
  const hour = numberAt(text, at + 1, at + 3, end);
  const minute = numberAt(text, at + 3 + colon, at + 5 + colon, end);
  return hour >= 0 && hour <= 14 && minute >= 0 && minute <= 59 ? at + 5 + colon : at;
}

function markAt(text: string, at: number, marks: string): string {
  const char = text.charAt(at);
  return char !== "" && marks.includes(char) ? char : "";
}

/** The number between two places, -1 when there is anything but digits, or less than that. */
function numberAt(text: string, from: number, to: number, end: number): number {
  if (to > end) return -1;
  let number = 0;
  for (let at = from; at < to; at++) {
    if (!isDigit(text, at)) return -1;
    number = number * 10 + text.charCodeAt(at) - 48;
  }
  return number;
}

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 48 && code <= 57;
}
