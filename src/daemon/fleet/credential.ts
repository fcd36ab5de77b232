// SPDX-License-Identifier: Apache-2.0
// From when to when a right to connect (a JWT of NATS) is good. It is not checked here: the bus does that.
export interface CredentialTimes {
  /** ms since 1970 */
  readonly issued: number;
  /** ms since 1970; Infinity: it does not end. */
  readonly expires: number;
}

/**
 * In how long a right to connect is to be renewed (ms). The host's clock may be wrong: a right that has just come has its whole life ahead of it, and
 * none is waited for longer than it lives.
 * @param share of its life, after which it is time
 */
export function renewalIn(
  { issued, expires }: CredentialTimes,
  share: number,
  now: number | "just issued",
): number {
  const life = share * (expires - issued);
  const wait = now === "just issued" ? life : Math.min(life, issued + life - now);
  return Math.max(wait, 1_000);
}

export function credentialTimes(jwt: string): CredentialTimes {
  try {
    const payload = Buffer.from(jwt.split(".")[1] ?? "", "base64url").toString("utf8");
    const { iat, exp } = JSON.parse(payload) as { readonly iat?: unknown; readonly exp?: unknown };
    const ms = (seconds: unknown, other: number): number =>
      typeof seconds === "number" ? seconds * 1_000 : other;
    return { issued: ms(iat, 0), expires: ms(exp, Number.POSITIVE_INFINITY) };
  } catch {
    // one that nobody can read is asked for anew at once
    return { issued: 0, expires: 0 };
  }
}
