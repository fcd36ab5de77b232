// SPDX-License-Identifier: Apache-2.0
// The rules about paths and names, in the order in which they act: device, processes below /proc, class of created objects, temporary directories,
// numbers of pipes, templates.
import type { PathId } from "../../event/cell/file.ts";
import { belowTemporary, classOf, procSelf, withoutNumber } from "./rewrite-path.ts";
import type { ProfileSpec, RuleName } from "./rules.ts";
import type { NameUser } from "../template/holes.ts";
import { TemplateIndex } from "../template/template-index.ts";

const PROC = "/proc/";

export class PathRules {
  readonly #dropDevice: boolean;
  readonly #procSelf: boolean;
  readonly #createdClass: boolean;
  readonly #temporary: boolean;
  readonly #pipeNumber: boolean;
  readonly #foundOrMade: ReadonlySet<string>;
  readonly #templates: TemplateIndex | undefined;

  /** Throws `ModelError` BAD_TEMPLATE. */
  constructor({ rules }: ProfileSpec) {
    const has = (name: RuleName): boolean => rules.some((rule) => rule.rule === name);
    this.#dropDevice = has("drop-device");
    this.#procSelf = has("proc-self");
    this.#createdClass = has("created-class");
    this.#temporary = has("temporary-directory");
    this.#pipeNumber = has("pipe-number");
    const texts = rules.flatMap((r) => (r.rule === "path-template" ? [r.template] : []));
    const shared = rules.flatMap((r) => (r.rule === "found-or-made" ? [r.path] : []));
    this.#foundOrMade = new Set(shared);
    this.#templates = texts.length === 0 ? undefined : new TemplateIndex(texts);
  }

  get createdClass(): boolean {
    return this.#createdClass;
  }

  /** Whether a name may depend on who uses it, beyond what `proc-self` does. */
  get usesPid(): boolean {
    return this.#templates?.usesPid ?? false;
  }

  /** How many names depended on who used them so far. */
  get dependences(): number {
    return this.#templates?.dependences ?? 0;
  }

  path(path: PathId, user: NameUser): PathId {
    const named = this.#foundOrMade.size === 0 ? undefined : this.#whoeverMade(path, user);
    if (named !== undefined) return named;
    let next = path;
    if (this.#dropDevice && path.dev !== undefined) {
      const { dev: _, ...rest } = next;
      next = rest;
    }
    if (this.#createdClass && path.owner !== undefined && path.instance !== undefined) {
      const { instance: _, ...rest } = next;
      next = { ...rest, created: classOf(path.pathname) };
    }
    if (this.#temporary && path.temporary !== undefined) {
      const { temporary: _, ...rest } = next;
      next = rest;
    }
    const plain = this.#plain(path, user);
    const pathname =
      next.created === undefined
        ? this.#templated(plain, user)
        : this.#templatedDirectory(plain, user);
    return pathname === next.pathname ? next : { ...next, pathname };
  }

  /** The path of a created object that others find: its name and nothing of who made it. undefined for any other. */
  #whoeverMade(path: PathId, user: NameUser): PathId | undefined {
    if (path.owner === undefined) return undefined;
    const pathname = this.name(path, user);
    if (!this.#foundOrMade.has(pathname)) return undefined;
    const { owner: _, instance: _i, created: _c, temporary: _t, ...rest } = path;
    if (!this.#dropDevice) return { ...rest, pathname };
    const { dev: _d, ...plain } = rest;
    return { ...plain, pathname };
  }

  /** The whole name, also of a created object, of which the path holds no more than the directory. */
  name(path: PathId, user: NameUser): string {
    return this.#templated(this.#plain(path, user), user);
  }

  /** The whole name whoever uses it; undefined when it depends on that. */
  nameForAll(path: PathId): string | undefined {
    if (this.#procSelf && path.pathname.startsWith(PROC)) return undefined;
    const plain = this.#plain(path, NOBODY);
    if (this.#templates === undefined || !plain.startsWith("/")) return plain;
    return this.#templates.pathForAll(plain);
  }

  /** A name that a program has written: of a unix socket, or what a symbolic link leads to. */
  text(text: string, user: NameUser): string {
    return this.#templates === undefined ? text : this.#templates.text(text, user);
  }

  /** As all rules but the templates leave it. */
  #plain(path: PathId, { pid, tgid }: NameUser): string {
    let { pathname } = path;
    if (this.#procSelf) pathname = procSelf(pathname, pid, tgid);
    if (this.#temporary && path.temporary !== undefined)
      pathname = belowTemporary(path.pathname, path.temporary);
    return this.#pipeNumber ? withoutNumber(pathname) : pathname;
  }

  #templated(pathname: string, user: NameUser): string {
    if (this.#templates === undefined || !pathname.startsWith("/")) return pathname;
    return this.#templates.path(pathname, user);
  }

  /**
   * Of a created object the directory counts and the name does not, so a template acts on the directory: one for the directory itself, or one
   * for a file in it that has a hole further up.
   */
  #templatedDirectory(pathname: string, user: NameUser): string {
    const slash = pathname.lastIndexOf("/");
    if (this.#templates === undefined || slash <= 0) return pathname;
    const directory = pathname.slice(0, slash);
    const after = this.#templated(directory, user);
    if (after !== directory) return after + pathname.slice(slash);
    const whole = this.#templated(pathname, user);
    const end = whole.lastIndexOf("/");
    return whole === pathname || whole[end - 1] === "/"
      ? pathname
      : whole.slice(0, end) + pathname.slice(slash);
  }
}

const NOBODY: NameUser = { pid: 0 };

/**
 * The name of a program in the scope of a rule, from its path as the path rules leave it. A program that the workload has created has the
 * name of its directory and class, like everything else that it has created.
 */
export function programName({ pathname, created }: PathId): string {
  if (created === undefined) return pathname;
  const directory = pathname.slice(0, pathname.lastIndexOf("/"));
  return `${directory}//{created}${created === "" ? "" : `.${created}`}`;
}
