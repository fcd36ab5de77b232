// SPDX-License-Identifier: Apache-2.0
// galgo fleet serve: stays in the foreground until it is told to end, and says one line of each thing on stderr.
import { CodedError } from "../../../base/errors.ts";
import { quote } from "../../../base/quote.ts";
import {
  type FleetOptions,
  FleetStartError,
  isName,
  parseEndpoint,
  readOidcFile,
  startFleet,
} from "../../../fleet/index.ts";
import { EXIT_GALGO } from "../../exit-status.ts";
import { defaultFleetData, secretIn } from "../../fleet-options.ts";
import { say, sayError, sayRaw } from "../../render.ts";
import { packageVersion } from "../../version.ts";

export interface FleetServeOptions {
  readonly listen: string;
  readonly data?: string;
  readonly db?: string;
  readonly dbFile?: string;
  readonly name?: readonly string[];
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsCa?: string;
  readonly oidc?: string;
  readonly natsListen?: string;
  readonly mqttListen?: string;
  readonly leafListen?: string;
  readonly nats?: string;
  readonly natsCa?: string;
  readonly natsPublic?: string;
  readonly replicas?: number;
  readonly keepDays?: number;
  readonly json?: boolean;
}

type Tell = FleetOptions["tell"];

export async function fleetServe(options: FleetServeOptions): Promise<void> {
  const tell = options.json === true ? tellJson : tellPlain;
  try {
    await serve(options, tell);
  } catch (error) {
    // this program is a bundle of its own: its errors are not those that the command line knows
    tell("error", error instanceof CodedError ? error.message : internalError(error));
    process.exit(EXIT_GALGO);
  }
}

async function serve(options: FleetServeOptions, tell: Tell): Promise<void> {
  const ending = firstSignal();
  keepGoing(tell);
  const fleet = await startFleet(fleetOptions(options, tell));
  const { context } = fleet;
  tell(
    "info",
    `the fleet ${context.keys.fleet} is served at ${fleet.url}, the bus is at ${context.places.servers.join(", ")}`,
  );
  tell("info", `hosts join with a token: galgo fleet token --data ${quote(context.dataRoot)}`);
  const signal = await ending;
  tell("info", `ending (${signal})`);
  await fleet.close();
  process.exit(0);
}

/** @throws FleetStartError BAD_OPTION; FleetClientError NO_ACCESS */
function fleetOptions(options: FleetServeOptions, tell: Tell): FleetOptions {
  const { natsListen, mqttListen, leafListen, nats, natsCa, natsPublic, name, oidc } = options;
  if (
    nats !== undefined &&
    [natsListen, mqttListen, leafListen].some((each) => each !== undefined)
  ) {
    const problem =
      "--nats-listen, --mqtt-listen and --leaf-listen are of a bus that is started here; with --nats it is configured where it runs (galgo fleet nats-config)";
    throw new FleetStartError("BAD_OPTION", problem);
  }
  return {
    version: packageVersion(),
    dataRoot: options.data ?? defaultFleetData(),
    listen: parseEndpoint(options.listen, "--listen"),
    db: databaseOf(options),
    ...(name !== undefined && { names: name.map(checkedName) }),
    ...tlsOf(options),
    ...(oidc !== undefined && { oidc: readOidcFile(oidc) }),
    ...(nats !== undefined && { nats: urlsOf(nats, "--nats") }),
    ...(natsCa !== undefined && { natsCa }),
    ...(natsPublic !== undefined && { natsPublic: urlsOf(natsPublic, "--nats-public") }),
    ...(natsListen !== undefined && { natsListen: parseEndpoint(natsListen, "--nats-listen") }),
    ...(mqttListen !== undefined && { mqttListen: parseEndpoint(mqttListen, "--mqtt-listen") }),
    ...(leafListen !== undefined && { leafListen: parseEndpoint(leafListen, "--leaf-listen") }),
    ...numbersOf(options),
    tell,
  };
}

function numbersOf({
  replicas,
  keepDays,
}: FleetServeOptions): Pick<FleetOptions, "replicas" | "keepDays"> {
  return {
    ...(replicas !== undefined && { replicas }),
    ...(keepDays !== undefined && { keepDays }),
  };
}

/** A URL may hold a password, so it need not stand on a command line. */
function databaseOf({ db, dbFile }: FleetServeOptions): string {
  if (db !== undefined && dbFile !== undefined) {
    throw new FleetStartError("BAD_OPTION", "say --db or --db-file, not both");
  }
  return (
    (dbFile === undefined ? db : secretIn(dbFile)) ?? process.env["GALGO_FLEET_DB"] ?? "sqlite:"
  );
}

function tlsOf({ tlsCert, tlsKey, tlsCa }: FleetServeOptions): Pick<FleetOptions, "tls"> {
  if (tlsCert === undefined && tlsKey === undefined && tlsCa === undefined) return {};
  if (tlsCert === undefined || tlsKey === undefined) {
    throw new FleetStartError("BAD_OPTION", "--tls-cert and --tls-key go together");
  }
  return { tls: { certificate: tlsCert, key: tlsKey, ...(tlsCa !== undefined && { ca: tlsCa }) } };
}

function checkedName(name: string): string {
  if (isName(name)) return name;
  throw new FleetStartError(
    "BAD_OPTION",
    `--name ${quote(name, 120)} is no DNS name and no address`,
  );
}

function urlsOf(text: string, option: string): readonly string[] {
  return text.split(",").map((url) => {
    if (/^tls:\/\/[^/@\s]+$/.test(url)) {
      parseEndpoint(url.slice("tls://".length), option);
      return url;
    }
    throw new FleetStartError(
      "BAD_OPTION",
      `${option} takes tls://HOST:PORT,..., not ${quote(url, 120)}`,
    );
  });
}

function firstSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => resolve(signal));
    // left alone it opens Node's debugger to whoever may signal us
    process.on("SIGUSR1", () => undefined);
  });
}

/** A fault that nobody caught is told, aloud; hosts and their evidence wait for nothing that is in this process. */
function keepGoing(tell: Tell): void {
  const fault = (error: unknown): void => tell("error", internalError(error));
  process.on("uncaughtException", fault);
  process.on("unhandledRejection", fault);
}

function internalError(error: unknown): string {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `internal error: ${text.replaceAll("\n", " | ")}; please report it`;
}

const tellPlain: Tell = (word, text) => (word === "info" ? say(text) : sayError(text));

const tellJson: Tell = (word, text) => {
  const line = { time: new Date().toISOString(), level: word, message: text };
  sayRaw(`${JSON.stringify(line)}\n`);
};
