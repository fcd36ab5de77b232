// SPDX-License-Identifier: Apache-2.0
// Options of the commands that speak with a server of the fleet: where it is, and who asks.
import { readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { quote } from "../base/quote.ts";
import { accessOfData, FleetClient, FleetClientError } from "../fleet/client/index.ts";

export interface FleetAccessOptions {
  readonly data?: string;
  readonly url?: string;
  readonly apiTokenFile?: string;
  readonly ca?: string;
}

/** Adds the options of `fleetClient` to a command. */
export function withFleetAccess(command: Command): Command {
  return command
    .option(
      "--url <url>",
      "the fleet's server: https://HOST:PORT (default: the one on this machine)",
    )
    .option(
      "--api-token-file <file>",
      "with --url: file with an API token (or GALGO_FLEET_API_TOKEN)",
    )
    .option(
      "--ca <file>",
      "with --url: CA that the server is known by (PEM; default: the system's)",
    )
    .option("--data <folder>", "folder of the server on this machine");
}

/** @throws FleetClientError NO_SERVER, NO_ACCESS */
export function fleetClient(options: FleetAccessOptions): FleetClient {
  const { data, url, apiTokenFile, ca } = options;
  if (url === undefined) return new FleetClient(accessOfData(data ?? defaultFleetData()));
  const token =
    apiTokenFile === undefined ? process.env["GALGO_FLEET_API_TOKEN"] : secretIn(apiTokenFile);
  if (token === undefined || token === "") {
    const problem =
      "with --url, say who asks: --api-token-file FILE, or GALGO_FLEET_API_TOKEN in the environment";
    throw new FleetClientError("NO_ACCESS", problem);
  }
  return new FleetClient({ url, token, ...(ca !== undefined && { ca: textOf(ca) }) });
}

/** A secret in a file: its first line. @throws FleetClientError NO_ACCESS: others may read it */
export function secretIn(file: string): string {
  const text = textOf(file);
  const found = statSync(file);
  if (found.isFile() && (found.mode & 0o077) !== 0) {
    const problem = `${quote(file)} holds a secret and may be read by others: chmod 600 it`;
    throw new FleetClientError("NO_ACCESS", problem);
  }
  return text.split("\n")[0]?.trim() ?? "";
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new FleetClientError("NO_ACCESS", `${quote(file)} can not be read (${why})`, { cause });
  }
}

/** Folder of a server when nobody names one. */
export function defaultFleetData(): string {
  if (process.getuid?.() === 0) return "/var/lib/galgo-fleet";
  const state = process.env["XDG_STATE_HOME"] ?? join(homedir(), ".local/state");
  return join(state, "galgo-fleet");
}

const LABEL = /^([^=]+)=(.*)$/s;

/** `--label NAME=VALUE`, as often as wanted. */
export function labelOption(text: string): Option {
  return new Option("--label <name=value>", text).argParser(
    (value: string, before: Readonly<Record<string, string>> = {}) => {
      const [, name, label] = LABEL.exec(value) ?? [];
      if (name === undefined || label === undefined) {
        throw new InvalidArgumentError("Expected NAME=VALUE.");
      }
      return { ...before, [name]: label };
    },
  );
}

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/** Seconds of "90s", "15m", "24h", "7d". */
export function duration(text: string): number {
  const [, digits, unit = ""] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  const value = Number(digits) * (UNITS[unit] ?? 0);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new InvalidArgumentError("Expected a time like 90s, 15m, 24h or 7d.");
}
