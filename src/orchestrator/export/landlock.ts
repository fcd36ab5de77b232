// SPDX-License-Identifier: Apache-2.0
// A model as Landlock rules, in a form of JSON that docs/export.md describes: one object for each call of landlock_add_rule.
import { quote } from "../../base/quote.ts";
import type { Behaviour } from "../disclosed/disclose.ts";
import { type Loss, stricter, weaker } from "./losses.ts";
import type { NetworkUse } from "./network.ts";
import { FS_RIGHTS, type FsRight, isAboutDirectory, type PlaceRights } from "./rights.ts";

/** The ABI in which everything below is known (Linux 6.12). */
const ABI = 6;

export interface PathRule {
  readonly type: "path_beneath";
  readonly path: string;
  /** What has to be there: a rule about what was a file must not become one about a tree. */
  readonly object: "file" | "directory";
  readonly allowedAccess: readonly FsRight[];
}

/** A port, or a range of them: a rule for each port in it. */
export interface PortRule {
  readonly type: "net_port";
  readonly port?: number;
  readonly from?: number;
  readonly to?: number;
  readonly allowedAccess: readonly ("bind_tcp" | "connect_tcp")[];
}

/** The form. */
export interface LandlockExport {
  readonly apiVersion: "galgo.dev/v1";
  readonly kind: "LandlockRuleset";
  readonly metadata: { readonly name: string; readonly model: string };
  readonly spec: {
    /** At least this ABI has to be there; with less some of it would silently not hold. */
    readonly abi: number;
    readonly handledAccessFs: readonly FsRight[];
    readonly handledAccessNet: readonly ("bind_tcp" | "connect_tcp")[];
    readonly scoped: readonly ("abstract_unix_socket" | "signal")[];
    readonly rules: readonly (PathRule | PortRule)[];
  };
}

export interface LandlockParts {
  readonly name: string;
  /** State of the model. */
  readonly model: string;
  readonly behaviours: readonly Behaviour[];
  readonly rights: readonly PlaceRights[];
  readonly network: NetworkUse;
}

export function landlockExport(parts: LandlockParts): LandlockExport {
  const { name, model, behaviours, rights, network } = parts;
  const signals = behaviours.some(
    ({ event }) => event.hook === "task_kill" && event.cell.crossNs !== 0,
  );
  return {
    apiVersion: "galgo.dev/v1",
    kind: "LandlockRuleset",
    metadata: { name, model },
    spec: {
      abi: ABI,
      handledAccessFs: FS_RIGHTS,
      handledAccessNet: ["bind_tcp", "connect_tcp"],
      scoped: [
        ...(network.abstract ? [] : (["abstract_unix_socket"] as const)),
        ...(signals ? [] : (["signal"] as const)),
      ],
      rules: [...pathRules(rights), ...portRules(network)],
    },
  };
}

function pathRules(rights: readonly PlaceRights[]): PathRule[] {
  return rights.map((place) => ({
    type: "path_beneath",
    path: place.path,
    object: isAboutDirectory(place) ? "directory" : "file",
    allowedAccess: FS_RIGHTS.filter((right) => place.rights.has(right)),
  }));
}

function portRules({ ports }: NetworkUse): PortRule[] {
  const rules = new Map<string, PortRule>();
  for (const { use, transport, from, to } of ports) {
    if (transport !== "tcp") continue;
    const range = from === to ? { port: from } : { from, to };
    const rule: PortRule = {
      type: "net_port",
      ...range,
      allowedAccess: [use === "bind" ? "bind_tcp" : "connect_tcp"],
    };
    rules.set(JSON.stringify(rule), rule);
  }
  return [...rules.values()];
}

/** Hooks that Landlock forbids as soon as it handles any right of files. */
const FORBIDDEN: ReadonlySet<string> = new Set([
  "sb_mount",
  "sb_umount",
  "sb_pivotroot",
  "move_mount",
]);

export function landlockLosses({ behaviours, rights, network }: LandlockParts): readonly Loss[] {
  const mounts = behaviours.some(({ event }) => FORBIDDEN.has(event.hook));
  const directories = rights.filter(
    (place) => place.widened === undefined && isAboutDirectory(place),
  );
  return [
    ...widenings(rights),
    ...(directories.length === 0
      ? []
      : [
          weaker(
            `what may be done in a directory may be done everywhere below it: ${paths(directories)}`,
          ),
        ]),
    weaker(
      "not restricted at all: attributes (mode, owner, times, extended ones), reading of attributes, system calls without a path, unix sockets with a path",
    ),
    weaker(
      "of the network only TCP ports: neither addresses nor families, UDP, and sockets of other kinds",
    ),
    ...(network.abstract
      ? [
          weaker(
            "abstract unix sockets: the model connects to one, so all of them may be connected to",
          ),
        ]
      : []),
    stricter(
      "a rule holds on to the file that is there when it is made: what replaces it later is refused",
    ),
    stricter(
      "a file that has no rule and is moved into another directory may be refused there (EXDEV)",
    ),
    stricter("processes outside can not be traced"),
    ...(mounts
      ? [stricter("mounting, which the model does, is refused by any Landlock ruleset")]
      : []),
  ];
}

/** Directories that stand for something narrower, by reason. */
export function widenings(rights: readonly PlaceRights[]): Loss[] {
  return [...grouped(rights)].map(([reason, places]) =>
    weaker(`${WIDENED[reason] ?? reason}: everything below ${paths(places)}`),
  );
}

const WIDENED: Readonly<Record<string, string>> = {
  "created by the workload": "names of files that the workload makes itself do not count",
  template: "names that vary do not count",
  "process directory": "whose directory below /proc it is does not count",
};

function grouped(rights: readonly PlaceRights[]): Map<string, PlaceRights[]> {
  const groups = new Map<string, PlaceRights[]>();
  for (const place of rights) {
    if (place.widened === undefined) continue;
    groups.set(place.widened, [...(groups.get(place.widened) ?? []), place]);
  }
  return groups;
}

function paths(places: readonly PlaceRights[]): string {
  return places.map(({ path }) => quote(path)).join(", ");
}
