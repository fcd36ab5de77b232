// SPDX-License-Identifier: Apache-2.0
// Enrolment (POST /enrol over HTTPS): a token that was given out by the fleet for a public key that the host has made. The token's text
// carries the digest of the certificate that the fleet is known by, so that joining trusts nobody at first sight.
import * as z from "zod/mini";
import { LinkError } from "./errors.ts";
import {
  type Labels,
  hostId,
  labels,
  lazily,
  name,
  readValue,
  text,
  time,
  version,
} from "./parts.ts";
import type { HostId } from "./subjects.ts";

/** A token: `galgo1.SECRET.DIGEST`; 24 random bytes in base64url, SHA-256 of the certificate (DER) of the fleet's CA in hex. */
export interface EnrolToken {
  readonly secret: string;
  readonly caDigest: string;
}

const TOKEN = /^galgo1\.([A-Za-z0-9_-]{32})\.([0-9a-f]{64})$/;

/** @throws LinkError BAD_MESSAGE; the message does not hold the text */
export function parseEnrolToken(token: string): EnrolToken {
  const [, secret, caDigest] = TOKEN.exec(token.trim()) ?? [];
  if (secret !== undefined && caDigest !== undefined) return { secret, caDigest };
  const problem =
    "this is no enrolment token: `galgo fleet token create` prints one, galgo1.(32 characters).(64 characters)";
  throw new LinkError("BAD_MESSAGE", problem);
}

export function enrolTokenText({ secret, caDigest }: EnrolToken): string {
  return `galgo1.${secret}.${caDigest}`;
}

/** How a host speaks with the bus. mqtt: with a password that is a credential by itself (a bearer), for devices that can not sign. */
export type EnrolTransport = "nats" | "mqtt";

export interface EnrolAsk {
  readonly v: 1;
  /** The token's text. */
  readonly token: string;
  /** Public user nkey ("U..."); its seed never leaves the host. */
  readonly key: string;
  /** Name of the host. */
  readonly name: string;
  /** Those that the token fixes win. */
  readonly labels?: Labels;
  /** Where the token fixes none. */
  readonly group?: string;
  readonly transport?: EnrolTransport;
}

export interface EnrolAnswer {
  readonly v: 1;
  readonly host: HostId;
  /** Name of the fleet. */
  readonly fleet: string;
  /** Of the bus, for the host's key. */
  readonly jwt: string;
  /** ms since 1970 */
  readonly expires: number;
  /** URLs of the bus: tls://HOST:PORT */
  readonly servers: readonly string[];
  /** mqtts://HOST:PORT, where MQTT is served. */
  readonly mqtt?: string;
  /** Certificate (PEM) that servers of the bus and the console are known by. */
  readonly ca: string;
  /** Public keys (SPKI, PEM) of which any may have signed the fleet's commands. */
  readonly commandKeys: readonly string[];
  readonly group?: string;
  readonly labels: Labels;
}

const USER_KEY = /^U[A-Z2-7]{55}$/;

const ask = lazily<EnrolAsk>(() =>
  z.strictObject({
    v: version(),
    token: text(256),
    key: z.string().check(z.regex(USER_KEY, "has to be a public user nkey (U...)")),
    name: name(),
    labels: z.exactOptional(labels()),
    group: z.exactOptional(name()),
    transport: z.exactOptional(z.enum(["nats", "mqtt"])),
  }),
);
const answer = lazily<EnrolAnswer>(() =>
  z.strictObject({
    v: version(),
    host: hostId(),
    fleet: name(),
    jwt: text(8_192),
    expires: time(),
    servers: z.array(text(512)).check(z.minLength(1), z.maxLength(16)),
    mqtt: z.exactOptional(text(512)),
    ca: text(65_536),
    commandKeys: z.array(text(1_024)).check(z.minLength(1), z.maxLength(4)),
    group: z.exactOptional(name()),
    labels: labels(),
  }),
);

/** @param value parsed JSON @throws LinkError */
export function readEnrolAsk(value: unknown): EnrolAsk {
  return readValue(value, ask(), "an enrolment");
}

/** @param value parsed JSON @throws LinkError */
export function readEnrolAnswer(value: unknown): EnrolAnswer {
  return readValue(value, answer(), "the answer to an enrolment");
}
