// SPDX-License-Identifier: Apache-2.0
// Figures in few columns: counts, times, curves.

const UNITS = ["", "k", "M", "G", "T"];
const MINUTE = 60;
const HOUR = 3_600;
const DAY = 86_400;

/** At most 5 columns: 7, 0.4, 1234, 12.3k, 4.5M. */
export function shortCount(value: number): string {
  if (value > 0 && value < 1) return value < 0.05 ? "0" : value.toFixed(1);
  if (value < 9_999.5) return String(Math.round(value));
  let rest = value;
  let unit = 0;
  while (rest >= 999.5 && unit < UNITS.length - 1) {
    rest /= 1_000;
    unit += 1;
  }
  return `${rest < 99.95 ? rest.toFixed(1) : Math.round(rest)}${UNITS[unit]}`;
}

/** At most 6 columns: 8.1us, 80us, 1.2ms, 340ms, 12s. `micro`: the sign for 10^-6. */
export function shortTime(us: number, micro: string): string {
  if (us < 999.5) return `${us < 9.95 ? us.toFixed(1) : Math.round(us)}${micro}s`;
  const ms = us / 1_000;
  if (ms < 999.5) return `${ms < 9.95 ? ms.toFixed(1) : Math.round(ms)}ms`;
  const seconds = ms / 1_000;
  return `${seconds < 9.95 ? seconds.toFixed(1) : Math.round(seconds)}s`;
}

/** Time since something began, at most 6 columns: 7s, 12m05s, 3h12m, 4d07h, 120d. */
export function shortAge(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  const pair = (big: number, bigUnit: string, small: number, smallUnit: string): string =>
    `${big}${bigUnit}${String(small).padStart(2, "0")}${smallUnit}`;
  if (seconds < MINUTE) return `${seconds}s`;
  if (seconds < HOUR) return pair(Math.floor(seconds / MINUTE), "m", seconds % MINUTE, "s");
  if (seconds < DAY)
    return pair(Math.floor(seconds / HOUR), "h", Math.floor((seconds % HOUR) / MINUTE), "m");
  const days = Math.floor(seconds / DAY);
  return days < 100 ? pair(days, "d", Math.floor((seconds % DAY) / HOUR), "h") : `${days}d`;
}

const BLOCKS = "▁▂▃▄▅▆▇█";
const ASCII_STEPS = "_.:-=+*#";

/** The last `width` values as a curve, from 0 to the greatest of them; missing values are blanks. */
export function curve(
  values: readonly (number | undefined)[],
  width: number,
  utf8: boolean,
): string {
  const steps = Array.from(utf8 ? BLOCKS : ASCII_STEPS);
  const shown = values.slice(-width);
  const most = Math.max(...shown.map((value) => value ?? 0), Number.MIN_VALUE);
  const text = shown.map((value) => {
    if (value === undefined) return " ";
    return steps[Math.min(steps.length - 1, Math.floor((value / most) * steps.length))] ?? " ";
  });
  return text.join("").padStart(width);
}
