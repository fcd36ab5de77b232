// SPDX-License-Identifier: Apache-2.0
// `galgo fleet` as a table. Only the command that runs is loaded.
import { type Command, Option } from "commander";
import { addFleetHost } from "./fleet-host-program.ts";
import { addFleetVerdicts } from "./fleet-verdict-program.ts";
import { addFleetOperators } from "./fleet-operators-program.ts";
import { duration, labelOption, withFleetAccess } from "./fleet-options.ts";
import { listOption, positive } from "./options.ts";

export function addFleet(program: Command): void {
  const fleet = program
    .command("fleet")
    .description("many hosts seen and steered from one place (docs/fleet.md)")
    .enablePositionalOptions();
  addServe(fleet);
  addFleetHost(fleet);
  addTokens(fleet);
  addHosts(fleet);
  addFleetVerdicts(fleet);
  addFleetOperators(fleet);
  addNatsConfig(fleet);
}

function addServe(fleet: Command): void {
  fleet
    .command("serve")
    .description("serve a fleet until told to end: console, API, bus and database")
    .option("--listen <host:port>", "where to listen, with TLS", "127.0.0.1:8443")
    .option("--data <folder>", "keys, and database and bus when they are its own")
    .option("--db <url>", "sqlite:, sqlite:PATH or postgres://... (or GALGO_FLEET_DB)")
    .option("--db-file <file>", "file that holds the URL of the database, when it has a password")
    .addOption(listOption("--name <name>", "DNS name or address by which hosts reach this server"))
    .option("--tls-cert <file>", "certificate chain (PEM) instead of one of the fleet's own CA")
    .option("--tls-key <file>", "its key")
    .option("--oidc <file>", "where users may log in besides (docs/fleet-operators.md)")
    .option("--tls-ca <file>", "the CA that hosts are to believe (default: last one of the chain)")
    .option("--nats-listen <host:port>", "where the bus listens that is started with the server")
    .option("--mqtt-listen <host:port>", "where it takes MQTT 3.1.1")
    .option("--leaf-listen <host:port>", "where it takes leaf nodes")
    .option("--nats <urls>", "a bus that runs already: tls://HOST:PORT,...")
    .option("--nats-ca <file>", "CA of that bus (default: the fleet's own)")
    .option("--nats-public <urls>", "what hosts are told to connect to")
    .addOption(
      new Option(
        "--replicas <n>",
        "copies of the stream of events (default: 1, with --nats 3)",
      ).argParser(positive),
    )
    .addOption(
      new Option(
        "--keep-days <n>",
        "delete violations, and what is gone, after so many days (default: keep all)",
      ).argParser(positive),
    )
    .option("--json", "say JSON lines on stderr")
    .action(async (options) => (await import("./commands/fleet/serve.ts")).fleetServe(options));
}

function addTokens(fleet: Command): void {
  const load = () => import("./commands/fleet/tokens.ts");
  const token = fleet
    .command("token")
    .description("tokens that hosts join with (galgo fleet join)")
    .enablePositionalOptions();
  withFleetAccess(token.command("create", { isDefault: true }))
    .description("make a token; it is printed once")
    .addOption(
      new Option("--uses <n>", "how many hosts may join with it").argParser(positive).default(1),
    )
    .addOption(
      new Option("--expires <time>", "how long: 15m, 24h, 7d")
        .argParser(duration)
        .default(3_600, "1h"),
    )
    .addOption(labelOption("label of the hosts that join with it"))
    .option("--group <group>", "their group")
    .option("--comment <text>", "what it is for")
    .option("--json", "print JSON")
    .action(async (options) => (await load()).tokenCreate(options));
  withFleetAccess(token.command("list"))
    .description("list tokens, not their secrets")
    .option("--json", "print JSON")
    .action(async (options) => (await load()).tokenList(options));
  withFleetAccess(token.command("end").argument("<id>"))
    .description("end a token early")
    .option("--json", "print JSON")
    .action(async (id, options) => (await load()).tokenEnd(id, options));
}

function addHosts(fleet: Command): void {
  const host = fleet.command("host").description("hosts of the fleet").enablePositionalOptions();
  withFleetAccess(host.command("revoke").argument("<id>"))
    .description("throw a host out: nothing of it is believed any more")
    .option("--json", "print JSON")
    .action(async (id, options) =>
      (await import("./commands/fleet/tokens.ts")).hostRevoke(id, options),
    );
}

function addNatsConfig(fleet: Command): void {
  fleet
    .command("nats-config")
    .description(
      "write the configuration of a nats-server for this fleet: of a cluster, or a leaf node",
    )
    .argument("<name>", "of the node")
    .requiredOption(
      "-o, --output <folder>",
      "where to write nats.conf, certificate, key and credentials",
    )
    .option("--data <folder>", "folder of the fleet's server, with its keys")
    .option("--listen <host:port>", "where hosts connect", "0.0.0.0:4222")
    .addOption(listOption("--name <name>", "DNS name or address that its certificate is for"))
    .option("--cluster <host:port>", "where the other nodes connect")
    .addOption(listOption("--route <host:port>", "another node's --cluster"))
    .option("--mqtt <host:port>", "where it takes MQTT 3.1.1")
    .option("--leaf <host:port>", "where it takes leaf nodes")
    .option("--leaf-of <urls>", "make a leaf node of this bus: tls://HOST:PORT,... (its --leaf)")
    .option("--place <folder>", "where the files will be on the node (default: --output)")
    .option("--json", "print JSON")
    .action(async (name, options) =>
      (await import("./commands/fleet/nats-config.ts")).natsConfig(name, options),
    );
}
