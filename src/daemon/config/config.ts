// SPDX-License-Identifier: Apache-2.0
// The daemon's configuration: a TOML file, read and checked as a whole. A fault names file, line and key.
import { readFileSync } from "node:fs";
import { parse, TomlError } from "smol-toml";
import { quote } from "../../base/quote.ts";
import { DaemonError } from "../errors.ts";
import { MAX_CONFIG_BYTES } from "../limits.ts";
import { firstFault } from "../fault-words.ts";
import { configSchema } from "./sections.ts";
import type { AttestConfig } from "../attest/config.ts";
import type { FleetConfig } from "../fleet/config.ts";
import type { MetricsConfig } from "../metrics/config.ts";
import type { ModelsSection } from "../models/config.ts";
import type { JournalConfig, OutputConfig } from "../outputs/config.ts";
import type { ConfigFile, DaemonSection, PolicySection } from "./sections.ts";
import { lineOf } from "./where.ts";

/** Read where none is named. */
const USUAL_CONFIG = "/etc/galgo/daemon.toml";

export interface DaemonConfig {
  /** The file; undefined: there is none. */
  readonly file: string | undefined;
  readonly daemon: DaemonSection;
  readonly policy: PolicySection;
  readonly models: ModelsSection;
  readonly images: NonNullable<ConfigFile["images"]>;
  /** In the order of the file. */
  readonly output: readonly OutputConfig[];
  readonly journal: JournalConfig;
  readonly metrics: MetricsConfig;
  readonly attest: AttestConfig;
  readonly fleet: FleetConfig;
}

const DEFAULT_CONFIG: DaemonConfig = {
  file: undefined,
  daemon: {},
  policy: {},
  models: {},
  images: {},
  output: [],
  journal: {},
  metrics: {},
  attest: {},
  fleet: {},
};

/**
 * @param file has to be there; undefined: USUAL_CONFIG when it is there
 * @throws DaemonError BAD_CONFIG, one line
 */
export function loadConfig(file: string | undefined): DaemonConfig {
  const path = file ?? USUAL_CONFIG;
  const text = textOf(path, file === undefined);
  if (text === undefined) return DEFAULT_CONFIG;
  return parseConfig(text, path);
}

/** @throws DaemonError BAD_CONFIG */
export function parseConfig(text: string, file: string): DaemonConfig {
  const tree = tomlOf(text, file);
  const result = configSchema().safeParse(tree);
  if (result.success) {
    const {
      daemon = {},
      policy = {},
      models = {},
      images = {},
      output = [],
      journal = {},
      metrics = {},
      attest = {},
      fleet = {},
    } = result.data;
    return { file, daemon, policy, models, images, output, journal, metrics, attest, fleet };
  }
  const { path, words } = firstFault(result.error, tree);
  throw new DaemonError("BAD_CONFIG", `${quote(file)} line ${lineOf(text, path)}: ${words}`);
}

function tomlOf(text: string, file: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [first = ""] = error.message.replace(/^Invalid TOML document: /, "").split("\n");
    throw new DaemonError("BAD_CONFIG", `${quote(file)} line ${error.line}: ${first}`, {
      cause: error,
    });
  }
}

function textOf(path: string, mayBeAbsent: boolean): string | undefined {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    if (code === "ENOENT" && mayBeAbsent) return undefined;
    throw new DaemonError("BAD_CONFIG", `can not read the configuration ${quote(path)} (${code})`, {
      cause: error,
    });
  }
  if (bytes.length <= MAX_CONFIG_BYTES) return bytes.toString("utf8");
  throw new DaemonError(
    "BAD_CONFIG",
    `the configuration ${quote(path)} is larger than ${MAX_CONFIG_BYTES} bytes`,
  );
}
