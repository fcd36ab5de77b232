// SPDX-License-Identifier: Apache-2.0
// Who may do what on the bus, as tokens: of the operator, of the two accounts, of servers, of hosts, of leaf nodes.
import {
  type EnrolTransport,
  type HostId,
  hostRights,
  MAX_MESSAGE_BYTES,
} from "../../wire/link/index.ts";
import type { FleetKeys } from "../keys/fleet-keys.ts";
import { busToken } from "../keys/nkeys.ts";
import { HOST_JWT_SECONDS, HOST_SUBSCRIPTIONS, SERVER_JWT_SECONDS } from "../limits.ts";

/** Seconds since 1970. */
const secondsOf = (now: number): number => Math.floor(now / 1_000);
const NO_LIMIT = -1;
/** Head of a message and what the bus adds. */
const HEAD_BYTES = 4_096;

export const MAX_PAYLOAD: number = MAX_MESSAGE_BYTES + HEAD_BYTES;

export function operatorToken({ fleet, operator, system }: FleetKeys, now: number): string {
  return busToken(
    {
      name: fleet,
      subject: operator.publicText,
      issued: secondsOf(now),
      nats: { type: "operator", system_account: system.publicText },
    },
    operator,
  );
}

/** Public user keys, and until when (s since 1970) tokens of them were issued that are not good any more. */
export type Revocations = Readonly<Record<string, number>>;

const UNLIMITED = {
  subs: NO_LIMIT,
  data: NO_LIMIT,
  payload: NO_LIMIT,
  imports: NO_LIMIT,
  exports: NO_LIMIT,
  wildcards: true,
  conn: NO_LIMIT,
  leaf: NO_LIMIT,
  mem_storage: NO_LIMIT,
  disk_storage: NO_LIMIT,
  streams: NO_LIMIT,
  consumer: NO_LIMIT,
};

/** The account of hosts and servers. */
export function accountToken(keys: FleetKeys, now: number, revocations: Revocations): string {
  return busToken(
    {
      name: keys.fleet,
      subject: keys.account.publicText,
      issued: secondsOf(now),
      nats: {
        type: "account",
        limits: UNLIMITED,
        ...(Object.keys(revocations).length > 0 && { revocations }),
      },
    },
    keys.operator,
  );
}

/** The account of the bus itself: accounts are changed from there. */
export function systemToken(keys: FleetKeys, now: number): string {
  const { mem_storage, disk_storage, streams, consumer, ...limits } = UNLIMITED;
  return busToken(
    {
      name: `${keys.fleet}-system`,
      subject: keys.system.publicText,
      issued: secondsOf(now),
      nats: { type: "account", limits },
    },
    keys.operator,
  );
}

/** What a server of the fleet is in an account. */
export function serverToken(keys: FleetKeys, now: number, account: "account" | "system"): string {
  return userToken(keys[account], {
    name: `server of ${keys.fleet}`,
    subject: keys.server.publicText,
    now,
    seconds: SERVER_JWT_SECONDS,
    user: { pub: {}, sub: {}, subs: NO_LIMIT, data: NO_LIMIT, payload: NO_LIMIT },
  });
}

export interface HostTokenTerms {
  readonly host: HostId;
  /** Public user key of the host. */
  readonly key: string;
  readonly now: number;
  readonly transport: EnrolTransport;
  /** Default: HOST_JWT_SECONDS */
  readonly seconds?: number;
}

/**
 * What a host may do: publish below `galgo.up.HOST`, hear `galgo.down.HOST`, `galgo.down.all` and its own inboxes. Nothing of JetStream. A
 * device of MQTT shows the token as its password, and may hear what its own session keeps for it.
 */
export function hostToken(keys: FleetKeys, terms: HostTokenTerms): string {
  const { host, key, now, transport, seconds = HOST_JWT_SECONDS } = terms;
  const { publish, subscribe } = hostRights(host);
  const isMqtt = transport === "mqtt";
  return userToken(keys.account, {
    name: host,
    subject: key,
    now,
    seconds,
    user: {
      pub: { allow: publish },
      sub: { allow: isMqtt ? [...subscribe, "$MQTT.sub.>"] : subscribe },
      subs: HOST_SUBSCRIPTIONS,
      data: NO_LIMIT,
      payload: MAX_PAYLOAD,
      ...(isMqtt && { bearer_token: true }),
      allowed_connection_types: isMqtt ? ["MQTT"] : ["STANDARD"],
    },
  });
}

/** What a leaf node passes on between its hosts and the fleet. It is trusted with what its hosts say, as a switch would be. */
export function leafToken(keys: FleetKeys, key: string, now: number, seconds: number): string {
  return userToken(keys.account, {
    name: "leaf",
    subject: key,
    now,
    seconds,
    user: {
      // as the hub sees it: what comes from the leaf, and what goes to it
      pub: { allow: ["galgo.up.>", "$LDS.>"] },
      sub: { allow: ["galgo.down.>", "_INBOX.>", "_R_.>", "$LDS.>"] },
      subs: NO_LIMIT,
      data: NO_LIMIT,
      payload: NO_LIMIT,
      allowed_connection_types: ["LEAFNODE"],
    },
  });
}

interface UserTerms {
  readonly name: string;
  readonly subject: string;
  readonly now: number;
  readonly seconds: number;
  readonly user: Readonly<Record<string, unknown>>;
}

function userToken(issuer: FleetKeys["account"], terms: UserTerms): string {
  const issued = secondsOf(terms.now);
  return busToken(
    {
      name: terms.name,
      subject: terms.subject,
      issued,
      expires: issued + terms.seconds,
      nats: { ...terms.user, type: "user" },
    },
    issuer,
  );
}
