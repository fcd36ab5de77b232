// SPDX-License-Identifier: Apache-2.0
// The natural logarithm, made of additions, products and quotients only: these are exact by IEEE 754, so every machine computes the same
// bits, which Math.log does not promise. A model's calibration and a score that is written down are then the same everywhere.

/** Terms of the series: with |f| <= 0.1716 the next one is below 2^-53. */
const LAST_TERM = 21;

/** ln(x) for finite x > 0, within 2e-16 relative to max(1, |ln x|). */
export function ln(x: number): number {
  let mantissa = x;
  let exponent = 0;
  while (mantissa > Math.SQRT2) {
    mantissa /= 2;
    exponent++;
  }
  while (mantissa < Math.SQRT2 / 2) {
    mantissa *= 2;
    exponent--;
  }
  // ln m = 2 artanh f = 2 (f + f^3/3 + f^5/5 + ...)
  const f = (mantissa - 1) / (mantissa + 1);
  const square = f * f;
  let sum = 0;
  for (let k = LAST_TERM; k >= 1; k -= 2) sum = sum * square + 1 / k;
  return 2 * f * sum + exponent * Math.LN2;
}
