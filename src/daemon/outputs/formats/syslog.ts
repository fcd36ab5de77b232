// SPDX-License-Identifier: Apache-2.0
// Syslog messages of RFC 5424: who and what in structured data, the event in words (or another format) as the message.
import { hostname } from "node:os";
import { quote } from "../../../base/quote.ts";
import type { Entry } from "../journal/entry.ts";

/** RFC 5424, 6.2.1. */
export const FACILITIES = {
  user: 1,
  daemon: 3,
  auth: 4,
  authpriv: 10,
  audit: 13,
  local0: 16,
  local1: 17,
  local2: 18,
  local3: 19,
  local4: 20,
  local5: 21,
  local6: 22,
  local7: 23,
} as const;

export type Facility = keyof typeof FACILITIES;

const SEVERITY = { alert: 1, error: 3, warning: 4, notice: 5, info: 6 } as const;

/** RFC 5424, 7.2.2 keeps this number for examples; a site with a number of its own sets it. */
export const EXAMPLE_ENTERPRISE = 32_473;
const MAX_HOST = 255;
const APP = "galgo";
/** Says that the message is UTF-8. */
const BOM = "\ufeff";

export interface SyslogFormat {
  readonly facility: Facility;
  /** Private enterprise number behind the name of the structured data. */
  readonly enterprise: number;
}

/** @param message what follows the header */
export function syslogText(entry: Entry, message: string, format: SyslogFormat): string {
  const priority = FACILITIES[format.facility] * 8 + severityOf(entry);
  const host =
    hostname()
      .replace(/[^!-~]/g, "_")
      .slice(0, MAX_HOST) || "-";
  const head = `<${priority}>1 ${entry.time} ${host} ${APP} ${process.pid} ${entry.kind}`;
  return `${head} ${dataOf(entry, format.enterprise)} ${BOM}${message}`;
}

/** The entry as a sentence. Untrusted text in it is quoted. */
export function wordsOfEntry(entry: Entry): string {
  const { workload, mark, lifecycle, program, words } = entry;
  if (lifecycle !== undefined) return oneLine(lifecycle.text);
  const who = program === undefined ? (workload?.name ?? "?") : quote(program);
  const what = words ?? "shows a new behaviour";
  if (mark === undefined) return `${who} ${what}`;
  const number = mark.kind === "violation" ? `violation ${mark.number}` : "untrusted process";
  return `${number} of ${workload?.name ?? "?"}: ${who} ${what}: ${mark.decision}`;
}

const UNSAFE = /[\p{C}\p{Zl}\p{Zp}]/u;

/** A sentence of our own as it is, unless something in it (the message of an error) could end a line or turn it. */
function oneLine(text: string): string {
  return UNSAFE.test(text) ? quote(text) : text;
}

function severityOf({ mark, lifecycle }: Entry): number {
  if (mark?.kind === "violation") {
    return mark.decision === "killed" ? SEVERITY.alert : SEVERITY.warning;
  }
  if (mark !== undefined) return SEVERITY.notice;
  if (lifecycle === undefined) return SEVERITY.info;
  return lifecycle.what === "failed" ? SEVERITY.error : SEVERITY.notice;
}

function dataOf({ id, seq, workload, mark, program }: Entry, enterprise: number): string {
  const data: [string, string | number | undefined][] = [
    ["id", id],
    ["seq", seq],
    ["name", workload?.name],
    ["run", workload?.run],
    ["mode", workload?.mode],
    ["container", workload?.container?.id],
    ["image", workload?.container?.image],
    ["program", program],
    ["decision", mark?.decision],
    ["coefficient", mark?.coefficient],
  ];
  const params = data.flatMap(([name, value]) =>
    value === undefined ? [] : [` ${name}="${escaped(String(value))}"`],
  );
  return `[galgo@${enterprise}${params.join("")}]`;
}

/** RFC 5424, 6.3.3; what could end a line or turn the text is quoted before. */
function escaped(value: string): string {
  return quote(value).replace(/["\\\]]/g, "\\$&");
}
