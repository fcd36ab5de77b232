// SPDX-License-Identifier: Apache-2.0
// The stream of parcels and the consumer that all servers share.
import {
  AckPolicy,
  type ConsumerConfig,
  DiscardPolicy,
  JetStreamApiError,
  jetstreamManager,
  type JetStreamManager,
  RetentionPolicy,
  type StreamConfig,
  StorageType,
} from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { EVENT_CONSUMER, EVENT_STREAM, SERVER_SUBJECTS } from "../../wire/link/index.ts";
import { FleetStartError } from "../errors.ts";
import { DUPLICATES_SECONDS, MAX_STREAM_BYTES } from "../limits.ts";

const NS_PER_S = 1_000_000_000;
/** What a server has taken and not committed is given to another one after so long: that is how long it takes when one is killed. Twice does no harm. */
const ACK_WAIT_S = 15;
/** Parcels that all servers together may have taken and not committed. */
const MAX_ACK_PENDING = 20_000;
const API_MS = 10_000;

/**
 * Makes the stream and its consumer, or brings them to what they are to be. The bus acknowledges no parcel (`no_ack`): its word would go to a
 * subject that the host names. A host keeps each parcel until it hears that it is committed.
 * @param replicas 1, or 3 in a cluster @throws FleetStartError NO_BUS
 */
export async function ensureEventStream(
  connection: NatsConnection,
  replicas: number,
): Promise<void> {
  const stream: Partial<StreamConfig> & { name: string } = {
    name: EVENT_STREAM,
    subjects: [SERVER_SUBJECTS.events],
    retention: RetentionPolicy.Workqueue,
    storage: StorageType.File,
    num_replicas: replicas,
    discard: DiscardPolicy.Old,
    max_bytes: MAX_STREAM_BYTES,
    duplicate_window: DUPLICATES_SECONDS * NS_PER_S,
    no_ack: true,
  };
  const consumer: Partial<ConsumerConfig> & { durable_name: string } = {
    durable_name: EVENT_CONSUMER,
    ack_policy: AckPolicy.Explicit,
    ack_wait: ACK_WAIT_S * NS_PER_S,
    max_ack_pending: MAX_ACK_PENDING,
  };
  try {
    const manager = await jetstreamManager(connection, { timeout: API_MS });
    await ensureStream(manager, stream);
    await manager.consumers.add(EVENT_STREAM, consumer);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const problem = `the stream of events can not be made with ${replicas} replica(s) (--replicas): ${why}`;
    throw new FleetStartError("NO_BUS", problem, { cause });
  }
}

async function ensureStream(
  manager: JetStreamManager,
  config: Partial<StreamConfig> & { name: string },
): Promise<void> {
  try {
    await manager.streams.add(config);
  } catch (error) {
    // another server has made it at this moment, or it was made by an earlier version
    const exists = error instanceof JetStreamApiError && error.code === STREAM_EXISTS;
    if (!exists) throw error;
    await manager.streams.update(config.name, config);
  }
}

const STREAM_EXISTS = 10_058;
