// SPDX-License-Identifier: Apache-2.0
// The file that says where users may log in besides, and which role they get (galgo fleet serve --oidc FILE).
import { readFileSync, statSync } from "node:fs";
import * as z from "zod/mini";
import { quote } from "../../base/quote.ts";
import { ROLES, type Role } from "../../wire/api/index.ts";
import { lazily, LinkError, readValue } from "../../wire/link/index.ts";
import { FleetStartError } from "../errors.ts";

export interface OidcConfig {
  /** For people. */
  readonly name: string;
  /** Of the service: https://... */
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret?: string;
  /** Of this fleet, as browsers know it: https://... */
  readonly url: string;
  readonly scope: string;
  /** Claim of the ID token that says who gets which role. */
  readonly claim: string;
  /** Role by value of the claim; of several the highest. Who has none is not let in. */
  readonly roles: Readonly<Record<string, Role>>;
}

type OidcFile = Omit<OidcConfig, "name" | "scope" | "claim"> & {
  readonly name?: string;
  readonly scope?: string;
  readonly claim?: string;
};

const schema = lazily<OidcFile>(() => {
  const text = z.string().check(z.minLength(1), z.maxLength(2_000));
  return z.strictObject({
    name: z.exactOptional(text),
    issuer: z.string().check(z.regex(/^https:\/\/|^http:\/\/(?:127\.0\.0\.1|\[::1\])[:/]/)),
    clientId: text,
    clientSecret: z.exactOptional(text),
    url: z.string().check(z.regex(/^https:\/\/[^/]+\/?$/)),
    scope: z.exactOptional(text),
    claim: z.exactOptional(text),
    roles: z.record(text, z.enum(ROLES)),
  });
});

/** @throws FleetStartError BAD_OPTION */
export function readOidcFile(file: string): OidcConfig {
  try {
    const text = readFileSync(file, "utf8");
    const found = readValue(JSON.parse(text), schema(), quote(file));
    if (found.clientSecret !== undefined && (statSync(file).mode & 0o077) !== 0) {
      throw bad(file, "holds a secret and may be read by others: chmod 600 it");
    }
    const { issuer } = found;
    return { name: new URL(issuer).host, scope: "openid profile email", claim: "groups", ...found };
  } catch (cause) {
    if (cause instanceof FleetStartError) throw cause;
    if (cause instanceof LinkError)
      throw new FleetStartError("BAD_OPTION", `--oidc ${cause.message}`);
    throw bad(file, `can not be read: ${cause instanceof Error ? cause.message : ""}`);
  }
}

function bad(file: string, why: string): FleetStartError {
  return new FleetStartError("BAD_OPTION", `--oidc ${quote(file)} ${why}`);
}
