// SPDX-License-Identifier: Apache-2.0
// Small statistics and how numbers are written in RESULTS.md.

/** Quantile by the nearest rank; NaN for no values. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const rank = Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1));
  return sorted[rank] ?? Number.NaN;
}

/** Median; the mean of the middle two for an even count. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

export function lowest(values: readonly number[]): number {
  return Math.min(...values);
}

export function highest(values: readonly number[]): number {
  return Math.max(...values);
}

/** Three significant digits without exponents: 0.123, 12.3, 1,230. */
export function digits(value: number): string {
  if (!Number.isFinite(value)) return "-";
  const size = Math.abs(value);
  if (size >= 100) return Math.round(value).toLocaleString("en-US");
  if (size >= 10) return value.toFixed(1);
  return size >= 0.1 || size === 0 ? value.toFixed(2) : value.toFixed(3);
}

/** Nanoseconds as microseconds. */
export function us(ns: number): string {
  return digits(ns / 1_000);
}

export function times(ratio: number): string {
  return Number.isFinite(ratio) ? `${ratio.toFixed(2)}x` : "-";
}

/** "1.23 (1.10 to 1.50)": median and range. */
export function withRange(values: readonly number[], write: (value: number) => string): string {
  return `${write(median(values))} (${write(lowest(values))} to ${write(highest(values))})`;
}
