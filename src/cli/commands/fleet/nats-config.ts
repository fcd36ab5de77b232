// SPDX-License-Identifier: Apache-2.0
// galgo fleet nats-config: files of a nats-server that the fleet uses and does not start.
import { resolve } from "node:path";
import {
  FleetStartError,
  isName,
  parseEndpoint,
  writeNodeFiles,
} from "../../../fleet/bus/index.ts";
import { quote } from "../../../base/quote.ts";
import { defaultFleetData } from "../../fleet-options.ts";
import { outJson, say } from "../../render.ts";

export interface NatsConfigOptions {
  readonly output: string;
  readonly place?: string;
  readonly data?: string;
  readonly listen: string;
  readonly name?: readonly string[];
  readonly cluster?: string;
  readonly route?: readonly string[];
  readonly mqtt?: string;
  readonly leaf?: string;
  readonly leafOf?: string;
  readonly json?: boolean;
}

/** @throws FleetStartError */
export async function natsConfig(name: string, options: NatsConfigOptions): Promise<void> {
  const { cluster, route = [], mqtt, leaf, leafOf, place } = options;
  const listen = parseEndpoint(options.listen, "--listen");
  refuseMixture(options);
  const files = writeNodeFiles({
    dataRoot: resolve(options.data ?? defaultFleetData()),
    name: checkedName(name, "the name of the node"),
    output: options.output,
    listen,
    names: (options.name ?? [name, listen.host, "localhost", "127.0.0.1"]).map((each) =>
      checkedName(each, "--name"),
    ),
    now: Date.now(),
    routes: route.map((each) => {
      parseEndpoint(each, "--route");
      return each;
    }),
    ...(place !== undefined && { place }),
    ...(cluster !== undefined && { cluster: parseEndpoint(cluster, "--cluster") }),
    ...(mqtt !== undefined && { mqtt: parseEndpoint(mqtt, "--mqtt") }),
    ...(leaf !== undefined && { leaf: parseEndpoint(leaf, "--leaf") }),
    ...(leafOf !== undefined && { leafOf: leafOf.split(",").map(hubUrl) }),
  });
  if (options.json === true) outJson({ files });
  else
    say(
      `written: ${files.map((file) => quote(file)).join(", ")}; start it with nats-server -c ${quote(files.at(-1) ?? "")}`,
    );
}

function refuseMixture({ leafOf, leaf, cluster, mqtt, route }: NatsConfigOptions): void {
  const isNode = [leaf, cluster, mqtt, route].some((each) => each !== undefined);
  if (leafOf !== undefined && isNode) {
    throw new FleetStartError(
      "BAD_OPTION",
      "--leaf-of makes a leaf node: --cluster, --route, --mqtt and --leaf are of its hub",
    );
  }
}

function checkedName(name: string, what: string): string {
  if (isName(name)) return name;
  throw new FleetStartError(
    "BAD_OPTION",
    `${what} ${quote(name, 120)} is no DNS name and no address`,
  );
}

function hubUrl(url: string): string {
  if (/^tls:\/\/[^/@\s]+$/.test(url)) {
    parseEndpoint(url.slice("tls://".length), "--leaf-of");
    return url;
  }
  throw new FleetStartError(
    "BAD_OPTION",
    `--leaf-of takes tls://HOST:PORT,..., not ${quote(url, 120)}`,
  );
}
