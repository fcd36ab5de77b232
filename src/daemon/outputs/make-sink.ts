// SPDX-License-Identifier: Apache-2.0
// From the configuration of an output to the thing that sends, and the form that it sends.
import { sendDatagram } from "../../native/unix-socket.ffi.ts";
import type { MqttOutput, OutputConfig, SyslogOutput, WebhookOutput } from "./config.ts";
import { SinkError } from "./errors.ts";
import { galgoText } from "./formats/galgo.ts";
import { ocsfText } from "./formats/ocsf.ts";
import { EXAMPLE_ENTERPRISE, syslogText, wordsOfEntry } from "./formats/syslog.ts";
import { tsemText } from "./formats/tsem.ts";
import { fileSink, stdoutSink } from "./sinks/file.ts";
import type { Format, Sink } from "./sinks/sink.ts";
import { localSyslogSink, syslogSink } from "./sinks/syslog.ts";
import { readSecret, readTlsFiles, type TlsFiles } from "./sinks/tls.ts";
import { webhookSink } from "./sinks/webhook.ts";

/** What making a sink needs besides its configuration. */
export interface SinkSurroundings {
  /** Of Galgo. */
  readonly version: string;
  readonly env: NodeJS.ProcessEnv;
}

/** Default ports: RFC 5426, RFC 6587 (none is registered: that of UDP), RFC 5425. */
const SYSLOG_PORTS = { udp: 514, tcp: 514, tls: 6514 } as const;
/** Quixote's export names itself so, and finds its password here. */
const MQTT_USER = "tsem";
const MQTT_PASSWORD = "TSEM_PASSWORD";
/** In front of a path, in which nothing is encoded. */
const UNIX = "unix://";

/** Looks at what the configuration names, without connecting to anything. @throws SinkError BAD_SETTING */
export function checkOutput(config: OutputConfig): void {
  if (config.kind === "file" || config.kind === "stdout") return;
  const isSyslog = config.kind === "syslog";
  urlOf(isSyslog ? config.address : config.url, isSyslog ? "address" : "url");
  tlsOf(config);
  if (config.kind === "mqtt") credentialsOf(config, {});
  const secret = config.kind === "webhook" ? config["secret-file"] : undefined;
  if (secret !== undefined) readSecret(secret);
}

/** @throws SinkError BAD_SETTING */
export async function makeSink(config: OutputConfig, around: SinkSurroundings): Promise<Sink> {
  switch (config.kind) {
    case "file":
      return fileSink(config.path);
    case "stdout":
      return stdoutSink();
    case "syslog":
      return makeSyslog(config);
    case "webhook":
      return makeWebhook(config);
    case "mqtt":
      return makeMqtt(config, around);
  }
}

export function formatOf(config: OutputConfig, { version }: SinkSurroundings): Format {
  if (config.kind === "syslog") return syslogFormat(config, version);
  const format = config.format ?? (config.kind === "mqtt" ? "tsem" : "galgo");
  const marks = config.kind !== "mqtt" || config.marks !== false;
  return lineFormat(format, version, marks);
}

function lineFormat(format: "galgo" | "ocsf" | "tsem", version: string, marks: boolean): Format {
  switch (format) {
    case "galgo":
      return galgoText;
    case "ocsf":
      return (entry) => ocsfText(entry, version);
    case "tsem":
      return (entry) => tsemText(entry, { marks });
  }
}

function syslogFormat(config: SyslogOutput, version: string): Format {
  const { format = "words", facility = "authpriv", enterprise = EXAMPLE_ENTERPRISE } = config;
  const bodies = {
    words: wordsOfEntry,
    galgo: galgoText,
    ocsf: (entry: Parameters<Format>[0]) => ocsfText(entry, version),
  };
  return (entry) => {
    const body = bodies[format](entry);
    return body === undefined ? undefined : syslogText(entry, body, { facility, enterprise });
  };
}

function makeSyslog(config: SyslogOutput): Sink {
  const url = urlOf(config.address, "address");
  const transport = url.protocol.slice(0, -1);
  if (transport === "unix") return localSyslogSink(config.address.slice(UNIX.length), sendDatagram);
  if (transport !== "udp" && transport !== "tcp" && transport !== "tls")
    throw new SinkError("BAD_SETTING", `syslog knows no transport ${transport}`);
  return syslogSink({
    transport,
    host: hostOf(url),
    port: url.port === "" ? SYSLOG_PORTS[transport] : Number(url.port),
    ...(transport === "tls" ? { tls: tlsOf(config) } : {}),
  });
}

function makeWebhook(config: WebhookOutput): Sink {
  const secret = config["secret-file"];
  const url = urlOf(config.url, "url");
  return webhookSink({
    url,
    body: config.body ?? "json-lines",
    ...(secret === undefined ? {} : { secret: readSecret(secret) }),
    ...(config.headers === undefined ? {} : { headers: config.headers }),
    ...(url.protocol === "https:" ? { tls: tlsOf(config) } : {}),
  });
}

async function makeMqtt(config: MqttOutput, { env }: SinkSurroundings): Promise<Sink> {
  const url = urlOf(config.url, "url");
  const credentials = credentialsOf(config, env);
  // the largest of the packages: only who wants it waits for it
  const { mqttSink } = await import("./sinks/mqtt.ts");
  return mqttSink({
    url,
    topic: config.topic,
    ...credentials,
    qos: config.qos ?? 1,
    queue: config.queue ?? 1,
    ...(url.protocol === "mqtts:" ? { tls: tlsOf(config) } : {}),
  });
}

/** The URL's user goes before the key, the file's password before the URL's; else as Quixote has them. @throws SinkError BAD_SETTING */
function credentialsOf(
  config: MqttOutput,
  env: NodeJS.ProcessEnv,
): { readonly user: string; readonly password?: string } {
  const url = urlOf(config.url, "url");
  const user = decoded(url.username) || config.user || MQTT_USER;
  const file = config["password-file"];
  const password =
    file === undefined ? decoded(url.password) || env[MQTT_PASSWORD] : readSecret(file);
  return { user, ...(password === undefined || password === "" ? {} : { password }) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw new SinkError("BAD_SETTING", "url: user or password has a % that encodes nothing", {
      cause,
    });
  }
}

function tlsOf({ ca, cert, key }: SyslogOutput | WebhookOutput | MqttOutput): TlsFiles {
  return readTlsFiles({ ca, cert, key });
}

function urlOf(text: string, key: string): URL {
  try {
    return new URL(text);
  } catch (cause) {
    throw new SinkError("BAD_SETTING", `${key} is no address that can be understood`, { cause });
  }
}

/** Without the brackets of an IPv6 address. */
function hostOf({ hostname }: URL): string {
  return hostname.startsWith("[") ? hostname.slice(1, -1) : hostname;
}
