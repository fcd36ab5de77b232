// SPDX-License-Identifier: Apache-2.0
// How wide a template is: what its holes may stand for, and where.
import { quote } from "../../base/quote.ts";
import type { HoleType } from "../template/holes.ts";
import { type Component, hasHole, parseTemplate, type Template } from "../template/template.ts";
import { wellKnownIn } from "./well-known.ts";

/** Below them are programs, settings and the kernel, where every name means something. */
const SYSTEM: readonly string[] = [
  ...["etc", "usr", "bin", "sbin", "boot", "dev", "proc", "sys", "root", "snap", "nix"],
  ...["lib", "lib32", "lib64", "libx32", "libexec"],
];
/** Directories that many share, or that belong to somebody: a name right in them says who. */
const SHARED: ReadonlySet<string> = new Set([
  ...["tmp", "var/tmp", "run", "var/run", "dev/shm", "home", "opt", "srv", "mnt", "media", "var"],
  ...[
    "var/lib",
    "var/log",
    "var/cache",
    "var/spool",
    "var/mail",
    "var/www",
    "run/user",
    "run/lock",
  ],
]);
/** Where programs make names that nobody else is to guess. */
const SCRATCH: ReadonlySet<string> = new Set(["tmp", "var/tmp", "dev/shm", "run/lock"]);
/** Literal components that must come before `{name}`. */
const LITERALS_BEFORE_NAME = 2;
/** Holes that ordinary words fit into. */
const WORDY: ReadonlySet<HoleType> = new Set<HoleType>(["tmp", "id"]);
/** Literal characters that make a name of a system directory one of the workload's when a wordy hole is in it. */
const WORDY_LITERALS = 3;

/** Why a template stands for too much; undefined when it does not. Throws `ModelError` BAD_TEMPLATE. */
export function templateWidth(text: string): string | undefined {
  const template = parseTemplate(text);
  const shown = quote(text);
  const secret = wellKnownIn(template);
  if (hasType(template, "path")) return `${shown} stands for everything below a directory`;
  if (secret !== undefined) return `${shown} stands for ${secret} as well`;
  const at = template.components.findIndex(hasHole);
  const before = template.components.slice(0, at).map(textOf);
  const place: Place = { template, before, at, shown, directory: before.join("/") };
  return kernelWidth(place) ?? nameWidth(place) ?? wordWidth(place) ?? bareWidth(place);
}

interface Place {
  readonly template: Template;
  /** Literal components in front of the first one with a hole, which is the one at `at`. */
  readonly before: readonly string[];
  readonly at: number;
  readonly directory: string;
  readonly shown: string;
}

/** Below /dev are devices and terminals of others, below /proc other processes. */
function kernelWidth({ template, before, shown, directory }: Place): string | undefined {
  if (template.root !== "/") return undefined;
  const [top, second] = before;
  if (top === "dev" && second !== "shm") return `${shown} stands for other devices or terminals`;
  if (top === "proc" && (second === undefined || second === "{pid}"))
    return `${shown} stands for what belongs to other processes`;
  if (directory === "sys") return `${shown} stands for other parts of the kernel`;
  return undefined;
}

function nameWidth({ template, before, shown, directory }: Place): string | undefined {
  const names = template.components.flat().filter((piece) => isHole(piece, "name")).length;
  if (names === 0) return undefined;
  if (names > 1) return `${shown} has more than one {name}`;
  if (template.root !== "/") return `${shown} has a {name}, which stands for anything`;
  const literal = before.filter((part) => part !== "").length;
  if (literal < LITERALS_BEFORE_NAME)
    return `${shown} has a {name} with less than ${LITERALS_BEFORE_NAME} literal components before it`;
  if (isSystem(before)) return `${shown} stands for any name in /${directory}`;
  if (SHARED.has(directory) || isHome(before))
    return `${shown} stands for any name in /${directory}, which is not the workload's alone`;
  return undefined;
}

/** `{tmp}` and `{id:K}` are whole words when nothing stands beside them. */
function wordWidth(place: Place): string | undefined {
  for (const component of place.template.components) {
    const why = component.some(isWordy) ? wordyWidth(literalChars(component), place) : undefined;
    if (why !== undefined) return why;
  }
  return undefined;
}

function isWordy(piece: Component[number]): boolean {
  return typeof piece !== "string" && WORDY.has(piece.type);
}

/** @param literals characters beside the hole */
function wordyWidth(literals: number, place: Place): string | undefined {
  const { template, before, shown, directory } = place;
  const words = `${shown} stands for ordinary names`;
  if (isSystem(before) && before[0] !== "root" && literals < WORDY_LITERALS)
    return `${words} in /${directory}`;
  if (literals > 0 || SCRATCH.has(directory) || directory.includes("{temporary}")) return undefined;
  if (template.root !== "/") return `${words}, wherever they are`;
  const shared = before.length === 0 || SHARED.has(directory) || isHome(before);
  return shared ? `${words} in /${directory}, which is not the workload's alone` : undefined;
}

/** A directory right below the root, or of a user, decides whose everything below is. */
function bareWidth({ template, before, at, shown, directory }: Place): string | undefined {
  const bare = literalChars(template.components[at] ?? []) === 0;
  if (template.root !== "/" || !bare) return undefined;
  if (before.length === 0) return `${shown} stands for directories of the root`;
  if (template.below !== true && template.components.length === at + 1) return undefined;
  if (directory === "home" || directory === "run/user")
    return `${shown} stands for what belongs to other users`;
  return undefined;
}

function isSystem(before: readonly string[]): boolean {
  const [top = "", second] = before;
  return SYSTEM.includes(top) && !(top === "dev" && second === "shm");
}

function isHome(before: readonly string[]): boolean {
  return before[0] === "home" ? before.length <= 2 : before[0] === "root" && before.length === 1;
}

function textOf(component: Component): string {
  return component.join("");
}

function literalChars(component: Component): number {
  return component.reduce((n, piece) => n + (typeof piece === "string" ? piece.length : 0), 0);
}

function isHole(piece: Component[number], type: HoleType): boolean {
  return typeof piece !== "string" && piece.type === type;
}

function hasType({ components }: Template, type: HoleType): boolean {
  return components.flat().some((piece) => isHole(piece, type));
}
