// SPDX-License-Identifier: Apache-2.0
// Subjects of the bus. `up` is from a host to its fleet, `down` from the fleet to a host; what a host may publish and hear is decided by the
// server of the bus, by these names. MQTT writes them with "/" instead of ".".

/** Given by the fleet at enrolment: 20 characters of base32 (100 random bits). */
export type HostId = string;

/** Its first character is no digit, so that nobody takes it for a number. */
const HOST_ID = /^[a-z][a-z2-7]{19}$/;

export function isHostId(text: string): boolean {
  return HOST_ID.test(text);
}

/** Questions that a host may ask, each answered by any server. */
export const ASKS = ["renew", "committed", "commands", "model", "verdict"] as const;
export type AskKind = (typeof ASKS)[number];

/** What a host sends without an answer. */
export type UpKind = "hb" | "ev" | `ask.${AskKind}`;
/** What the fleet sends to one host. */
export type DownKind = "cmd" | "committed" | "ask";

export function upSubject(host: HostId, kind: UpKind): string {
  return `galgo.up.${host}.${kind}`;
}

export function downSubject(host: HostId, kind: DownKind): string {
  return `galgo.down.${host}.${kind}`;
}

/** For every host. */
export const DOWN_ALL = { cmd: "galgo.down.all.cmd", verdict: "galgo.down.all.verdict" } as const;

/** What servers subscribe to, and what they tell each other and consoles. */
export const SERVER_SUBJECTS = {
  heartbeats: "galgo.up.*.hb",
  events: "galgo.up.*.ev",
  asks: "galgo.up.*.ask.*",
  live: "galgo.live.>",
} as const;

/** Stream of the parcels. */
export const EVENT_STREAM = "GALGO_EV";
/** Its consumer, which all servers share. */
export const EVENT_CONSUMER = "galgo-ingest";
/** Queue group of the servers that answer. */
export const ANSWER_QUEUE = "galgo-answers";

/** Prefix of the inboxes of a host; no server answers to anything that is not below the one of the host that has asked. */
export function inboxPrefix(host: HostId): string {
  return `_INBOX.${host}`;
}

/** Whether `reply` is an inbox of this host, and nothing that means more than one subject. */
export function isInboxOf(host: HostId, reply: string): boolean {
  const prefix = `${inboxPrefix(host)}.`;
  return (
    reply.startsWith(prefix) && /^[A-Za-z0-9._-]{1,128}$/.test(reply) && !/\.(?:\.|$)/.test(reply)
  );
}

/** What a subject of `up` says. */
export interface UpSubject {
  readonly host: HostId;
  readonly kind: UpKind;
}

/** @returns undefined: no subject of a host */
export function parseUpSubject(subject: string): UpSubject | undefined {
  const [root, up, host = "", ...rest] = subject.split(".");
  const kind = rest.join(".");
  if (root !== "galgo" || up !== "up" || !isHostId(host) || !isUpKind(kind)) return undefined;
  return { host, kind };
}

function isUpKind(kind: string): kind is UpKind {
  return kind === "hb" || kind === "ev" || ASKS.some((ask) => kind === `ask.${ask}`);
}

/** What a host may do on the bus: subjects for the permissions of its credentials. */
export interface HostRights {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
}

export function hostRights(host: HostId): HostRights {
  return {
    publish: [`galgo.up.${host}.>`],
    subscribe: [`galgo.down.${host}.>`, "galgo.down.all.>", `${inboxPrefix(host)}.>`],
  };
}
