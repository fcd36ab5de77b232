// SPDX-License-Identifier: Apache-2.0
// `galgo fleet join|leave|status` as a table: a host and its fleet. Only the command that runs is loaded.
import { type Command, InvalidArgumentError } from "commander";

const load = () => import("./commands/fleet/host.ts");

export function addFleetHost(fleet: Command): void {
  fleet
    .command("join")
    .description("have this host tell a fleet what runs on it, and take orders from it")
    .argument("<url>", "of the fleet: https://HOST:PORT")
    .option("--token <text>", "enrolment token (better: --token-file, or GALGO_FLEET_TOKEN)")
    .option("--token-file <file>", "file that the token stands in; - = stdin")
    .option("--name <name>", "what people call this host (default: its host name)")
    .option("--label <key=value>", "label of this host, as often as wanted", label)
    .option("--group <group>", "group of this host, where the token names none")
    .option("--json", "print JSON")
    .action(async (url, options) => (await load()).join(url, options));
  fleet
    .command("leave")
    .description("end that: this host forgets its key and what it has not told")
    .option("--force", "although something was not told yet")
    .option("--json", "print JSON")
    .action(async (options) => (await load()).leave(options));
  fleet
    .command("status")
    .description("print how this host stands with its fleet; exit status 1: it is not connected")
    .option("--json", "print JSON")
    .action(async (options) => (await load()).status(options));
}

function label(
  text: string,
  before: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const [, key, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (key === undefined || value === undefined)
    throw new InvalidArgumentError("Expected KEY=VALUE.");
  return { ...before, [key]: value };
}
