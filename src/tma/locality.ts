// SPDX-License-Identifier: Apache-2.0
// Where a workload's model is kept, as people write it: in-process, process, vm, serial:BOARD, serial:DEVICE, sancho:DEVICE.
import { quote } from "../base/quote.ts";
import { AgentError } from "./agent-errors.ts";
import type { AskAbout } from "./linked-model.ts";
import type { SanchoEvents } from "./sancho/sancho-agent.ts";

/** Boards that there is firmware for. With `emulated`, QEMU has such a machine and Galgo starts it itself. */
export const BOARDS = {
  "mps2-an385": { cpu: "cortex-m3", emulated: true, capacity: 2048 },
  "mps2-an505": { cpu: "cortex-m33", emulated: true, capacity: 2048 },
  netduinoplus2: { cpu: "cortex-m4", emulated: true, capacity: 2048 },
  microbit: { cpu: "cortex-m0", emulated: true, capacity: 256 },
  nrf52840: { cpu: "cortex-m4", emulated: false, capacity: 2048 },
} as const;

export type BoardName = keyof typeof BOARDS;

/** A place for a model, and what it is asked. */
export type Locality =
  | { readonly kind: "in-process" }
  | { readonly kind: "wasm"; readonly ask: AskAbout }
  | { readonly kind: "process"; readonly ask: AskAbout }
  | { readonly kind: "vm"; readonly ask: AskAbout }
  | { readonly kind: "board"; readonly board: BoardName; readonly ask: AskAbout }
  | {
      readonly kind: "device";
      readonly device: string;
      /** File with the key that its firmware has. */
      readonly keyFile: string;
      readonly ask: AskAbout;
    }
  | {
      /** A device that speaks the protocol of Quixote's Sancho. */
      readonly kind: "sancho";
      readonly device: string;
      readonly events: SanchoEvents;
      /** How long it is left alone after its port was opened, and after a reset. */
      readonly settleMs: number;
      readonly ask: AskAbout;
    }
  | {
      /** The model stays here; a fleet is asked about what is outside of it. */
      readonly kind: "remote";
      /** How long the fleet may take while a task waits (ms); 0: nobody waits. */
      readonly withinMs: number;
      /** The daemon's door; undefined: whoever runs it knows where it is. */
      readonly socket?: string;
    };

/** How long a fleet may take when nothing else is said, and at most (ms). */
const WITHIN_MS = 500;
export const MOST_WITHIN_MS = 5_000;

/** What those who speak to Sancho devices leave them. */
const SETTLE_MS = 2_000;

export function isBoard(name: string): name is BoardName {
  return Object.hasOwn(BOARDS, name);
}

const WAYS =
  "in-process, wasm, process, vm, serial:BOARD, serial:/dev/DEVICE, sancho:/dev/DEVICE or remote:";

/**
 * The place that `text` names; `,ask=all` behind it asks the agent about each event instead of each new behaviour.
 * @param keyFile for a device, and for nothing else
 * @throws AgentError BAD_OPTION
 */
export function parseLocality(text: string, keyFile?: string): Locality {
  const [place = "", ...options] = text.split(",");
  if (place.startsWith("sancho:")) return sanchoOf(place, options, keyFile);
  if (place === "remote:" || place === "remote") return remoteOf(options, text, keyFile);
  const ask = askOf(options, text);
  if (keyFile !== undefined && !place.startsWith("serial:/")) {
    const advice = "--tma-key goes with serial:/dev/DEVICE, whose firmware has a key already";
    throw bad(`--tma ${quote(text)} is given a key when Galgo starts it; ${advice}`);
  }
  if (place === "in-process") {
    if (options.length > 0) throw bad(`--tma ${quote(text)}: in-process has no options`);
    return { kind: "in-process" };
  }
  if (place === "wasm" || place === "process" || place === "vm") return { kind: place, ask };
  const serial = /^serial:(?<where>.+)$/.exec(place)?.groups?.["where"];
  if (serial === undefined) throw bad(`--tma ${quote(text)}: there is no such place; say ${WAYS}`);
  return serial.startsWith("/") ? deviceOf(serial, keyFile, ask) : boardOf(serial, ask);
}

/** As people write it. */
export function localityText(locality: Locality): string {
  if (locality.kind === "in-process") return locality.kind;
  if (locality.kind === "sancho") return sanchoText(locality);
  if (locality.kind === "remote") return remoteText(locality);
  const place =
    locality.kind === "board"
      ? `serial:${locality.board}`
      : locality.kind === "device"
        ? `serial:${locality.device}`
        : locality.kind;
  return locality.ask === "all" ? `${place},ask=all` : place;
}

function askOf(options: readonly string[], text: string): AskAbout {
  if (options.length === 0) return "new";
  const [option] = options;
  if (options.length === 1 && (option === "ask=all" || option === "ask=new")) {
    return option === "ask=all" ? "all" : "new";
  }
  throw bad(`--tma ${quote(text)}: the only option is ask=all (or ask=new)`);
}

function remoteOf(options: readonly string[], text: string, keyFile?: string): Locality {
  if (keyFile !== undefined) throw bad("--tma-key does not go with remote: the daemon has the key");
  const [option, ...more] = options;
  if (option === undefined) return { kind: "remote", withinMs: WITHIN_MS };
  if (option === "async" && more.length === 0) return { kind: "remote", withinMs: 0 };
  const [, digits, unit] = /^deadline=([0-9]{1,5})(ms|s)$/.exec(option) ?? [];
  const withinMs = Number(digits) * (unit === "s" ? 1_000 : 1);
  if (more.length === 0 && withinMs >= 1 && withinMs <= MOST_WITHIN_MS)
    return { kind: "remote", withinMs };
  const ways = `deadline=500ms (1ms to ${MOST_WITHIN_MS}ms), or async`;
  throw bad(`--tma ${quote(text)}: the options are ${ways}`);
}

function remoteText({ withinMs }: Locality & { kind: "remote" }): string {
  if (withinMs === 0) return "remote:,async";
  return withinMs === WITHIN_MS ? "remote:" : `remote:,deadline=${withinMs}ms`;
}

function sanchoOf(place: string, options: readonly string[], keyFile?: string): Locality {
  const device = place.slice("sancho:".length);
  if (!device.startsWith("/")) {
    throw bad(`--tma ${quote(place)}: name the port of the device (sancho:/dev/ttyACM0)`);
  }
  if (keyFile !== undefined) {
    throw bad("--tma-key does not go with sancho:DEVICE: its protocol has no keys");
  }
  const given = new Map(options.map((option) => splitOption(option)));
  const {
    events = "flat",
    ask = "new",
    settle = String(SETTLE_MS),
    ...others
  } = Object.fromEntries(given);
  const known = isOneOf(events, SPELLINGS) && isOneOf(ask, ASKED) && /^[0-9]{1,5}$/.test(settle);
  if (!known || given.size < options.length || Object.keys(others).length > 0) {
    const ways = "events=flat or json, ask=new or all, settle=MILLISECONDS";
    throw bad(`--tma ${quote(place)}: the options are ${ways}`);
  }
  return { kind: "sancho", device, events, ask, settleMs: Number(settle) };
}

const SPELLINGS = ["flat", "json"] as const;
const ASKED = ["new", "all"] as const;

function isOneOf<T extends string>(text: string, words: readonly T[]): text is T {
  return words.some((word) => word === text);
}

function splitOption(option: string): [name: string, value: string] {
  const at = option.indexOf("=");
  return at < 0 ? [option, ""] : [option.slice(0, at), option.slice(at + 1)];
}

function sanchoText({ device, events, ask, settleMs }: Locality & { kind: "sancho" }): string {
  const options = [
    ...(events === "flat" ? [] : [`events=${events}`]),
    ...(ask === "new" ? [] : [`ask=${ask}`]),
    ...(settleMs === SETTLE_MS ? [] : [`settle=${settleMs}`]),
  ];
  return [`sancho:${device}`, ...options].join(",");
}

function deviceOf(device: string, keyFile: string | undefined, ask: AskAbout): Locality {
  if (keyFile === undefined) {
    const advice = `galgo tma provision writes it, and the firmware that has it`;
    throw bad(`--tma serial:${quote(device)} needs --tma-key FILE: ${advice}`);
  }
  return { kind: "device", device, keyFile, ask };
}

function boardOf(board: string, ask: AskAbout): Locality {
  if (!isBoard(board)) {
    const known = Object.keys(BOARDS).join(", ");
    throw bad(`--tma serial:${quote(board)}: no such board; there is firmware for ${known}`);
  }
  if (!BOARDS[board].emulated) {
    const advice = `name its device (serial:/dev/ttyACM0)`;
    throw bad(`--tma serial:${board}: QEMU has no such machine; ${advice}`);
  }
  return { kind: "board", board, ask };
}

function bad(message: string): AgentError {
  return new AgentError("BAD_OPTION", message);
}
