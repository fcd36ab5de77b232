// SPDX-License-Identifier: Apache-2.0
// A place for a model, made ready to be started: plain data, so that the thread that asks can be given it.
import type { LinkTimes } from "../link/link-client.ts";
import type { AskAbout } from "../linked-model.ts";
import type { SanchoEvents } from "../sancho/sancho-agent.ts";

/** The places that are not the asking thread's own memory. */
export type PlaceKind = "wasm" | "process" | "vm" | "serial" | "remote";

export interface Place {
  readonly kind: PlaceKind;
  /** As people write it: `serial:mps2-an385`. */
  readonly text: string;
  readonly ask: AskAbout;
  /** SHA-256, hex, of the code that runs there; undefined when that can not be seen from here (a board behind a port). */
  readonly codeDigest?: string;
  readonly start: Start;
  readonly times: LinkTimes;
}

export type Start =
  /** A WebAssembly module. */
  | { readonly way: "load"; readonly file: string }
  /** A program that has the link as a descriptor. */
  | Child
  /** A port, with the file that has the key of what is behind it. */
  | { readonly way: "open"; readonly device: string; readonly keyFile: string }
  /** A port with a Sancho device behind it, which has no key: nothing that it says is authentic. */
  | {
      readonly way: "sancho";
      readonly device: string;
      readonly events: SanchoEvents;
      readonly settleMs: number;
    }
  | FleetStart;

/** The model is in the thread, and a fleet is asked about what is outside of it, through a daemon on this machine. */
export interface FleetStart {
  readonly way: "fleet";
  /** The daemon's door for verdicts. */
  readonly socket: string;
  /** How long the fleet may take (ms) while a task waits; 0: nobody waits, and what it says is carried out when it comes. */
  readonly withinMs: number;
  /** Digest of the model, hex. */
  readonly model: string;
  /** Id and name of the run, once it has them. */
  readonly run?: string;
  readonly name?: string;
}

export interface Child {
  readonly way: "spawn";
  /** The agent's image; what is started is a copy of it in memory with this digest. */
  readonly image: string;
  /** The program; undefined: the image itself. */
  readonly program?: string;
  /** Arguments behind argv[0]. IMAGE stands for the path of the copy, LINK for the number of the link's descriptor. */
  readonly args: readonly string[];
  /** Starts it so that it dies with us. */
  readonly holder?: string;
  /** User and group it runs as; undefined: ours. */
  readonly uid?: number;
}

/** In arguments of a child. */
export const IMAGE = "{image}";
export const LINK = "{link}";
