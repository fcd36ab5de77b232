// SPDX-License-Identifier: Apache-2.0
// Files of the spool: NUMBER-WEIGHT.parcel, a line of JSON about the parcel and then the parcel as it is sent; spool.json, what is not in any parcel.
import { FleetError } from "../errors.ts";

/** How important a parcel is: the first ones are dropped first. */
export type Weight = "bulk" | "usual" | "vital";

/** The least important first. */
export const WEIGHTS: readonly Weight[] = ["bulk", "usual", "vital"];

/** Items by kind. */
export type Tally = Readonly<Record<string, number>>;

/** Ends the name of a parcel of which only the head is left: it was dropped, or it is committed. */
export const GONE = ".gone";
export const DONE = ".done";
export const STATE_FILE = "spool.json";

const NAME = /^(\d{15})-(bulk|usual|vital)\.parcel(\.gone|\.done)?$/;
const NEWLINE = 0x0a;

/** What a file says of its parcel. */
export interface ParcelHead {
  readonly kinds: Tally;
  readonly marks: Readonly<Record<string, unknown>>;
}

/** What is known beside the parcels that are there. */
export interface SpoolState {
  readonly epoch: string;
  /** Parcels from that number on are not in it. */
  readonly next: number;
  readonly marks: Readonly<Record<string, unknown>>;
  readonly dropped: Tally;
  /** Numbers of dropped parcels that are counted though a file of them may be there. */
  readonly gone: readonly number[];
}

export interface ParcelPlace {
  readonly seq: number;
  readonly weight: Weight;
  /** kept: all of it is there. */
  readonly left: "kept" | "gone" | "done";
}

export function nameOf(seq: number, weight: Weight): string {
  return `${String(seq).padStart(15, "0")}-${weight}.parcel`;
}

/** undefined: no file of a parcel. */
export function placeOf(name: string): ParcelPlace | undefined {
  const [, digits, word, end] = NAME.exec(name) ?? [];
  const weight = WEIGHTS.find((each) => each === word);
  if (digits === undefined || weight === undefined) return undefined;
  const left = end === GONE ? "gone" : end === DONE ? "done" : "kept";
  return { seq: Number(digits), weight, left };
}

export function parcelFile(head: ParcelHead, payload: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), payload]);
}

/** @throws FleetError NOT_WRITABLE: somebody has changed the file */
export function headOf(file: Uint8Array): ParcelHead {
  try {
    const text = Buffer.from(file.subarray(0, file.indexOf(NEWLINE))).toString("utf8");
    const { kinds, marks } = JSON.parse(text) as Partial<ParcelHead>;
    if (typeof kinds === "object" && typeof marks === "object") return { kinds, marks };
  } catch {
    // said below
  }
  throw damaged("a parcel");
}

/** The parcel as it is sent. */
export function payloadOf(file: Uint8Array): Uint8Array {
  return file.subarray(file.indexOf(NEWLINE) + 1);
}

export function stateText(state: SpoolState): Uint8Array {
  return Buffer.from(`${JSON.stringify(state)}\n`);
}

/** @throws FleetError NOT_WRITABLE */
export function readState(text: Uint8Array): SpoolState {
  try {
    const state = JSON.parse(Buffer.from(text).toString("utf8")) as Partial<SpoolState>;
    const { epoch, next, marks = {}, dropped = {}, gone = [] } = state;
    if (typeof epoch === "string" && next !== undefined && Number.isSafeInteger(next))
      return { epoch, next, marks, dropped, gone };
  } catch {
    // said below
  }
  throw damaged(STATE_FILE);
}

function damaged(what: string): FleetError {
  return new FleetError(
    "NOT_WRITABLE",
    `${what} in the spool of the fleet is damaged; move the folder of the spool away and start the daemon again: what it held is not told, and stays in the run folders`,
  );
}
