// SPDX-License-Identifier: Apache-2.0
// The bus of a server: one that it starts and keeps running, or one that runs already; and where hosts find it.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { quote } from "../../base/quote.ts";
import { type FleetBus, openBus } from "../bus/bus.ts";
import { type KeptNats, keepNats } from "../bus/kept.ts";
import { ensureEventStream } from "../bus/streams.ts";
import { loadRevocations } from "../enrol/revocations.ts";
import { FleetStartError } from "../errors.ts";
import { codeOf, readPrivate, writePrivate } from "../keys/files.ts";
import type { FleetKeys } from "../keys/fleet-keys.ts";
import type { FleetTls } from "../keys/tls.ts";
import type { FleetStore } from "../store/index.ts";
import type { HostPlaces } from "./context.ts";
import { type Endpoint, type FleetOptions, urlHost } from "./options.ts";

export interface BusPlace {
  readonly bus: FleetBus;
  readonly places: HostPlaces;
  /** Of the nats-server that was started. */
  readonly pid: number | undefined;
  /** The certificate in the files is another one: the nats-server that was started shows it. */
  reload(): void;
  close(): Promise<void>;
}

export interface BusPlaceTerms {
  readonly options: FleetOptions;
  readonly keys: FleetKeys;
  readonly tls: FleetTls;
  readonly names: readonly string[];
  readonly store: FleetStore;
  now(): number;
}

/** @throws FleetStartError NO_NATS, NO_BUS, IN_USE, BAD_OPTION */
export async function openBusPlace(terms: BusPlaceTerms): Promise<BusPlace> {
  const { options, keys, tls, store, now } = terms;
  const revocations = await loadRevocations(store, now());
  const kept = options.nats === undefined ? await startOwn(terms, revocations) : undefined;
  try {
    const ca = options.natsCa === undefined ? tls.ca : readCa(options.natsCa);
    const servers = options.nats ?? [kept?.own ?? ""];
    const bus = await openBus({
      servers,
      keys,
      ca,
      now,
      tell: (word, text) => options.tell(word, text),
    });
    await prepare(bus, revocations, options);
    return {
      bus,
      places: { ...(kept?.places ?? { servers: options.natsPublic ?? servers }), ca },
      get pid() {
        return kept?.nats.pid;
      },
      reload: () => kept?.nats.reload(),
      close: async () => {
        await bus.close();
        await kept?.nats.close();
      },
    };
  } catch (error) {
    await kept?.nats.close();
    throw error;
  }
}

/** What the bus has of earlier servers is brought to what the database says. */
async function prepare(
  bus: FleetBus,
  revocations: Readonly<Record<string, number>>,
  { nats, replicas }: FleetOptions,
): Promise<void> {
  try {
    await bus.revoke(revocations);
    await ensureEventStream(bus.connection, replicas ?? (nats === undefined ? 1 : 3));
  } catch (error) {
    await bus.close();
    throw error;
  }
}

interface OwnBus {
  readonly nats: KeptNats;
  /** URL for this server. */
  readonly own: string;
  readonly places: Omit<HostPlaces, "ca">;
}

async function startOwn(
  { options, keys, tls, names, now, store }: BusPlaceTerms,
  revocations: Readonly<Record<string, number>>,
): Promise<OwnBus> {
  const folder = join(options.dataRoot, "nats");
  const wanted = options.natsListen ?? { host: options.listen.host, port: 0 };
  const port = await settledPort(wanted, join(options.dataRoot, "nats-port"));
  const nats = await keepNats(
    async () => ({
      folder,
      keys,
      now: now(),
      // of a later start: with those that were revoked since
      revocations: { ...revocations, ...(await loadRevocations(store, now()).catch(() => ({}))) },
      certificateFile: tls.certificateFile,
      keyFile: tls.keyFile,
      host: wanted.host,
      port,
      ...(options.mqttListen !== undefined && { mqtt: options.mqttListen }),
      ...(options.leafListen !== undefined && { leaf: options.leafListen }),
    }),
    (word, text) => options.tell(word, text),
  );
  const name = urlHost(names[0] ?? wanted.host);
  const local = wanted.host === "0.0.0.0" || wanted.host === "::" ? "localhost" : wanted.host;
  const { mqttListen } = options;
  return {
    nats,
    own: `tls://${urlHost(local)}:${port}`,
    places: {
      servers: options.natsPublic ?? [`tls://${name}:${port}`],
      ...(mqttListen !== undefined && { mqtt: `mqtts://${name}:${mqttListen.port}` }),
    },
  };
}

/** A port that was chosen once stays: hosts have been told. */
async function settledPort({ host, port }: Endpoint, file: string): Promise<number> {
  if (port !== 0) return port;
  const known = Number(readPrivate(file) ?? Number.NaN);
  if (Number.isSafeInteger(known) && known > 0) return known;
  const probe = createServer().listen(0, host);
  await once(probe, "listening");
  const { port: chosen } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  writePrivate(file, `${chosen}\n`);
  return chosen;
}

function readCa(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new FleetStartError(
      "BAD_OPTION",
      `--nats-ca ${quote(file)} can not be read: ${codeOf(cause)}`,
      { cause },
    );
  }
}
