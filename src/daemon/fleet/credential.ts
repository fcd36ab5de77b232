// SPDX-License-Identifier: Apache-2.0
// From when to when a right to connect (a JWT of NATS) is good. It is not checked here: the bus does that.
export interface CredentialTimes {
  /** ms since 1970 */
  readonly issued: number;
  /** ms since 1970; Infinity: it does not end. */
  readonly expires: number;
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
