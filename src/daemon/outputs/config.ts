// SPDX-License-Identifier: Apache-2.0
// The sections [journal] and [[output]] of the daemon's configuration.
import * as z from "zod/mini";
import { FACILITIES, type Facility } from "./formats/syslog.ts";
import { ENTRY_KINDS, type EntryKind } from "./journal/entry.ts";
import { BATCH_ENTRIES, MAX_OUTPUT_NAME, MAX_OUTPUTS, MIN_JOURNAL_BYTES } from "./limits.ts";

/** What every output may say. */
interface Common {
  /** Default: its kind. The cursor goes by it. */
  readonly name?: string;
  /** Default: all. */
  readonly records?: readonly EntryKind[];
  /** Where an output begins that is new: with what happens from now on (the default), or with the oldest entry of the journal. */
  readonly start?: "now" | "oldest";
}

interface Tls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

export interface FileOutput extends Common {
  readonly kind: "file";
  readonly path: string;
  readonly format?: "galgo" | "ocsf" | "tsem";
}

export interface StdoutOutput extends Common {
  readonly kind: "stdout";
  readonly format?: "galgo" | "ocsf" | "tsem";
}

export interface SyslogOutput extends Common, Tls {
  readonly kind: "syslog";
  /** udp://HOST:PORT, tcp://HOST:PORT, tls://HOST:PORT or unix:///dev/log */
  readonly address: string;
  readonly format?: "words" | "galgo" | "ocsf";
  readonly facility?: Facility;
  /** Private enterprise number of the site. */
  readonly enterprise?: number;
}

export interface WebhookOutput extends Common, Tls {
  readonly kind: "webhook";
  readonly url: string;
  readonly format?: "galgo" | "ocsf";
  readonly body?: "json-lines" | "json";
  readonly "secret-file"?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Most entries of a request. */
  readonly batch?: number;
}

export interface MqttOutput extends Common, Tls {
  readonly kind: "mqtt";
  /** mqtt://HOST:PORT or mqtts://HOST:PORT */
  readonly url: string;
  readonly topic: string;
  readonly format?: "tsem" | "galgo" | "ocsf";
  readonly user?: string;
  readonly "password-file"?: string;
  readonly qos?: 0 | 1;
  /** Most records of a message. */
  readonly queue?: number;
  /** Whether records of the format tsem carry their id. */
  readonly marks?: boolean;
}

export type OutputConfig = FileOutput | StdoutOutput | SyslogOutput | WebhookOutput | MqttOutput;

export interface JournalConfig {
  readonly "max-bytes"?: number;
}

const path = (): z.ZodMiniType<string> =>
  z.string().check(z.regex(/^\//, "has to be an absolute path"), z.maxLength(4_096));

function common(): {
  name: z.ZodMiniExactOptional<z.ZodMiniType<string>>;
  records: z.ZodMiniExactOptional<z.ZodMiniType<EntryKind[]>>;
  start: z.ZodMiniExactOptional<z.ZodMiniType<"now" | "oldest">>;
} {
  const word = new RegExp(`^[A-Za-z0-9_-]{1,${MAX_OUTPUT_NAME}}$`);
  const kinds = z.array(z.enum(ENTRY_KINDS as [EntryKind, ...EntryKind[]])).check(z.minLength(1));
  return {
    name: z.exactOptional(
      z.string().check(z.regex(word, `has to be 1 to ${MAX_OUTPUT_NAME} of A-Z a-z 0-9 _ -`)),
    ),
    records: z.exactOptional(kinds),
    start: z.exactOptional(z.enum(["now", "oldest"])),
  };
}

function tls(): Record<"ca" | "cert" | "key", z.ZodMiniExactOptional<z.ZodMiniType<string>>> {
  return {
    ca: z.exactOptional(path()),
    cert: z.exactOptional(path()),
    key: z.exactOptional(path()),
  };
}

const text = (max: number): z.ZodMiniType<string> =>
  z.string().check(z.minLength(1), z.maxLength(max));
const url = (pattern: RegExp, what: string): z.ZodMiniType<string> =>
  z.string().check(z.regex(pattern, `has to be ${what}`), z.maxLength(2_048));
const count = (max: number): z.ZodMiniType<number> => z.int().check(z.gte(1), z.lte(max));

function fileSchemas(): [z.ZodMiniObject, z.ZodMiniObject] {
  const format = z.exactOptional(z.enum(["galgo", "ocsf", "tsem"]));
  return [
    z.strictObject({ kind: z.literal("file"), path: path(), format, ...common() }),
    z.strictObject({ kind: z.literal("stdout"), format, ...common() }),
  ];
}

function syslogSchema(): z.ZodMiniObject {
  const facilities = Object.keys(FACILITIES) as [Facility, ...Facility[]];
  return z.strictObject({
    kind: z.literal("syslog"),
    address: url(
      /^(?:(?:udp|tcp|tls):\/\/[^/\s]+|unix:\/\/\/\S+)$/,
      "udp://HOST:PORT, tcp://HOST:PORT, tls://HOST:PORT or unix:///PATH",
    ),
    format: z.exactOptional(z.enum(["words", "galgo", "ocsf"])),
    facility: z.exactOptional(z.enum(facilities)),
    enterprise: z.exactOptional(z.int().check(z.gte(0), z.lte(0xffff_ffff))),
    ...tls(),
    ...common(),
  });
}

function webhookSchema(): z.ZodMiniObject {
  return z.strictObject({
    kind: z.literal("webhook"),
    url: url(/^https?:\/\/\S+$/, "http://... or https://..."),
    format: z.exactOptional(z.enum(["galgo", "ocsf"])),
    body: z.exactOptional(z.enum(["json-lines", "json"])),
    "secret-file": z.exactOptional(path()),
    headers: z.exactOptional(
      z.record(
        z.string().check(z.regex(/^[A-Za-z0-9-]+$/)),
        text(4_096).check(z.regex(/^[\t -~]*$/, "has to be one line of ASCII")),
      ),
    ),
    batch: z.exactOptional(count(BATCH_ENTRIES)),
    ...tls(),
    ...common(),
  });
}

function mqttSchema(): z.ZodMiniObject {
  return z.strictObject({
    kind: z.literal("mqtt"),
    url: url(/^mqtts?:\/\/\S+$/, "mqtt://HOST:PORT or mqtts://HOST:PORT"),
    // + and # are for those who subscribe
    topic: z.string().check(z.regex(/^[^+#\0]+$/, "must not hold + or #"), z.maxLength(512)),
    format: z.exactOptional(z.enum(["tsem", "galgo", "ocsf"])),
    user: z.exactOptional(text(256)),
    "password-file": z.exactOptional(path()),
    qos: z.exactOptional(z.union([z.literal(0), z.literal(1)])),
    queue: z.exactOptional(count(BATCH_ENTRIES)),
    marks: z.exactOptional(z.boolean()),
    ...tls(),
    ...common(),
  });
}

/** Of `[[output]]`: an array of tables. */
export function outputsSchema(): z.ZodMiniType<OutputConfig[]> {
  const [file, stdout] = fileSchemas();
  const kinds = z.discriminatedUnion("kind", [
    file,
    stdout,
    syslogSchema(),
    webhookSchema(),
    mqttSchema(),
  ]);
  const nameOf = ({ name, kind }: OutputConfig): string => name ?? kind;
  return (z.array(kinds) as unknown as z.ZodMiniType<OutputConfig[]>).check(
    z.maxLength(MAX_OUTPUTS),
    z.refine(
      (outputs: OutputConfig[]) => new Set(outputs.map(nameOf)).size === outputs.length,
      "two outputs have the same name: give each one of its own (name = ...)",
    ),
  );
}

/** Of `[journal]`. */
export function journalSchema(): z.ZodMiniType<JournalConfig> {
  return z.strictObject({
    "max-bytes": z.exactOptional(z.int().check(z.gte(MIN_JOURNAL_BYTES))),
  });
}
