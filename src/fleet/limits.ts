// SPDX-License-Identifier: Apache-2.0
// Limits of the fleet's server. Reaching one refuses, aloud; it never loses what was taken.

/** Bytes of a request's body, where its route says nothing else. */
export const MAX_BODY_BYTES: number = 1024 * 1024;
/** Connections to the HTTPS listener. */
export const MAX_HTTP_CONNECTIONS = 2_048;
/** Milliseconds for the head of a request, and for all of it. */
export const HEAD_MS = 15_000;
export const REQUEST_MS = 120_000;
/** Connections to a nats-server that was started here. */
export const MAX_BUS_CONNECTIONS = 65_536;
/** Milliseconds for a client of the bus to say who it is: a storm of 6,000 of them takes its time. */
export const BUS_AUTH_SECONDS = 30;
/** Bytes that the stream of parcels may hold; older ones go then, and their hosts send them again: nobody has committed them. */
export const MAX_STREAM_BYTES: number = 1024 * 1024 * 1024;
/** How long the bus notices that a parcel came twice (s). */
export const DUPLICATES_SECONDS = 120;
/** How long credentials of a host are good for (s). */
export const HOST_JWT_SECONDS: number = 24 * 3_600;
/** How long credentials of a server are good for (s): the bus closes its connection then, and it comes back with new ones. */
export const SERVER_JWT_SECONDS: number = 7 * 24 * 3_600;
/** Subscriptions of one host. */
export const HOST_SUBSCRIPTIONS = 32;
/** How far the clock of a host may be off when it signs a renewal (ms). */
export const MAX_RENEWAL_SKEW_MS = 300_000;
/** How often a server looks whether its certificate is still the one to show (ms). */
export const CERTIFICATE_CHECK_MS = 3_600_000;
/** Hosts that the bus is told to refuse one by one: about 80 bytes each in one message. */
export const MAX_REVOCATIONS = 10_000;
/** Bytes of a message on the bus: of hosts less (their credentials say so), of servers what tells it of all that. */
export const MAX_BUS_BYTES: number = 1024 * 1024;
/** How often a server looks whether the bus knows all hosts that are revoked (ms). */
export const REVOCATIONS_MS = 30_000;
/** Times that a token may be used at most. */
export const MAX_TOKEN_USES = 100_000;
/** Milliseconds for a nats-server to be there, and to end. */
export const BUS_START_MS = 20_000;
export const BUS_STOP_MS = 10_000;
/** Enrolments and renewals that one address may try in a minute, beyond those that succeed. */
export const MAX_FAILED_ENROLMENTS = 100;
/** Questions of hosts that wait for an answer in this server. */
export const MAX_ASKS = 4_096;
/** As HOST_JWT_SECONDS, of devices that speak MQTT: they can not ask for new ones over it. */
export const MQTT_JWT_SECONDS: number = 90 * 24 * 3_600;
/** How long a token for enrolment may be good for (ms). */
export const MAX_TOKEN_MS: number = 366 * 24 * 3_600_000;
