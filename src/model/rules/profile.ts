// SPDX-License-Identifier: Apache-2.0
// A profile at work: rewrites events before they are mapped, so that what differs without being behaviour maps alike.
import type { DentryId, FileId, InodeId, PathId } from "../../event/cell/file.ts";
import type { InodeSetattrCell } from "../../event/cell/inode.ts";
import type { SockAddr } from "../../event/cell/socket.ts";
import type { HookName, SecurityEvent } from "../../event/event.ts";
import { HOOKS, portOf } from "../../event/index.ts";
import type { Field, FieldKind, KindValue } from "../../event/layout.ts";
import { isProgramUse, opensForWriting } from "./file-use.ts";
import { filesystemClass } from "./filesystems.ts";
import { PathRules } from "./path-rules.ts";
import { withoutUnusedArguments } from "./prctl-arguments.ts";
import {
  inHostClass,
  inValueClass,
  portClass,
  ProgramRules,
  type ScopedRules,
} from "./program-rules.ts";
import { classOf } from "./rewrite-path.ts";
import type { ProfileSpec, RuleName, RuleSpec } from "./rules.ts";
import type { NameUser } from "../template/holes.ts";

const FIRST_EPHEMERAL_PORT = 32768;
/** Reads the same in both byte orders. */
const EPHEMERAL_PORT = 0xffff;
/** Stands for every size but 0. */
const ONE_SIZE = 1n;

/** Rewrite rules made ready for one namespace. */
export interface Profile {
  readonly spec: ProfileSpec;
  /** The event as it is mapped. Never changes `e`; returns `e` itself when no rule applies. */
  rewrite(e: SecurityEvent): SecurityEvent;
  /** The executable as it enters a TASK_ID. */
  rewriteExecutable(file: FileId): FileId;
  /**
   * Says which program is behind a TASK_ID: `programName` of its path as `rewriteExecutable` leaves it. Rules of programs hold for nobody
   * else. Must come from an exec that was seen, or from a record of one whose TASK_ID was computed anew (`IdentityMap`).
   */
  named(taskId: string, program: string): void;
  /**
   * The whole name that a path stands for, as templates leave it: `no-digest` and `no-program-digest` mean it. Not always that of the rewritten
   * path: of a created object only the directory counts there.
   */
  nameOf(path: PathId, user: NameUser): string;
  /**
   * False when the rules drop the content digest of such a file, so that it need not be computed. `temporary`: as in its path.
   */
  wantsDigest(hook: HookName, flags: number, pathname: string, temporary?: string): boolean;
  /**
   * True when what the event is rewritten to depends on the number of the acting process by a template: another process that does the same
   * does something else. What `proc-self` does to names below /proc does not count here.
   */
  dependsOnProcess(e: SecurityEvent): boolean;
}

/** What a profile needs of a mapper. */
export interface DigestFacts {
  readonly emptyDigest: string;
}

/**
 * Makes the rules of `spec` ready. They act in a fixed order: paths and inodes, then digests, then classes of ports, addresses and values.
 * Throws `ModelError` BAD_TEMPLATE or BAD_RULE for rules that can not be.
 */
export function createProfile(spec: ProfileSpec, { emptyDigest }: DigestFacts): Profile {
  return new RuleSet(spec, emptyDigest);
}

/** A rule about one file. */
type FileRule = Extract<RuleSpec, { readonly path: string }>;

/** Who acts, as far as a rule asks. */
interface Actor {
  readonly hook: HookName;
  readonly pid: number;
  readonly tgid?: number;
  /** Rules of its program. */
  readonly own?: ScopedRules | undefined;
}

/** Who acts when an executable becomes part of a TASK_ID. */
const NOBODY: Actor = { hook: "bprm_committed_creds", pid: 0 };

class RuleSet implements Profile {
  readonly spec: ProfileSpec;
  readonly #emptyDigest: string;
  readonly #paths: PathRules;
  readonly #programs: ProgramRules;
  readonly #dropSuperblockId: boolean;
  readonly #ephemeralPort: boolean;
  readonly #truncateSize: boolean;
  readonly #digestPolicy: boolean;
  readonly #filesystemClass: boolean;
  readonly #prctlArguments: boolean;
  readonly #noDigest: ReadonlySet<string>;
  readonly #noProgramDigest: ReadonlySet<string>;
  readonly #idle: boolean;

  constructor(spec: ProfileSpec, emptyDigest: string) {
    const has = (name: RuleName): boolean => spec.rules.some((rule) => rule.rule === name);
    const pathsOf = (...names: readonly FileRule["rule"][]): ReadonlySet<string> =>
      new Set(spec.rules.flatMap((r) => ("path" in r && names.includes(r.rule) ? [r.path] : [])));
    this.spec = spec;
    this.#emptyDigest = emptyDigest;
    this.#paths = new PathRules(spec);
    this.#programs = new ProgramRules(spec);
    this.#dropSuperblockId = has("drop-superblock-id");
    this.#ephemeralPort = has("ephemeral-port");
    this.#truncateSize = has("truncate-size");
    this.#digestPolicy = has("digest-policy");
    this.#filesystemClass = has("filesystem-class");
    this.#prctlArguments = has("prctl-arguments");
    this.#noDigest = pathsOf("no-digest", "found-or-made");
    this.#noProgramDigest = pathsOf("no-program-digest");
    this.#idle = spec.rules.length === 0;
  }

  rewrite(event: SecurityEvent): SecurityEvent {
    if (this.#idle) return event;
    const e = this.#whole(event);
    const own = this.#programs.any ? this.#programs.of(e.task.taskId) : undefined;
    const actor: Actor = own === undefined ? e : { hook: e.hook, pid: e.pid, ...tgidOf(e), own };
    const cell = e.cell as unknown as Readonly<Record<string, unknown>>;
    let changed: Record<string, unknown> | undefined;
    for (const field of HOOKS[e.hook].cell) {
      const value = cell[field.member];
      if (value === undefined) continue;
      const rewritten = this.#member(e, field, actor);
      if (rewritten === value) continue;
      changed ??= { ...cell };
      changed[field.member] = rewritten;
    }
    // A rewritten CELL has the members of the one it came from, which the compiler cannot follow through the table.
    return changed === undefined ? e : ({ ...e, cell: changed } as unknown as SecurityEvent);
  }

  /** Rules that look at more than one member. */
  #whole(e: SecurityEvent): SecurityEvent {
    if (e.hook === "task_prctl" && this.#prctlArguments) return withoutUnused(e);
    return this.#ephemeralPort ? withoutNetlinkPort(e) : e;
  }

  #member(e: SecurityEvent, { member, kind }: Field, actor: Actor): unknown {
    const value = (e.cell as unknown as Readonly<Record<string, unknown>>)[member];
    const made = this.#paths.createdClass ? withCreator(e, member, value) : value;
    const rewritten = this.#value(kind, made, actor);
    return actor.own === undefined ? rewritten : inValueClass(actor.own, e, member, rewritten);
  }

  rewriteExecutable(file: FileId): FileId {
    return this.#idle ? file : this.#file(file, NOBODY);
  }

  named(taskId: string, program: string): void {
    this.#programs.named(taskId, program);
  }

  wantsDigest(hook: HookName, flags: number, pathname: string, temporary?: string): boolean {
    const program = isProgramUse(hook, flags);
    if (!program && this.#digestPolicy && opensForWriting(flags)) return false;
    if (this.#noDigest.size === 0 && this.#noProgramDigest.size === 0) return true;
    const name = this.#paths.nameForAll({
      pathname,
      ...(temporary !== undefined && { temporary }),
    });
    return name === undefined || this.#contentCounts(hook, program, name);
  }

  nameOf(path: PathId, user: NameUser): string {
    return this.#idle ? path.pathname : this.#paths.name(path, user);
  }

  dependsOnProcess(e: SecurityEvent): boolean {
    if (!this.#paths.usesPid) return false;
    const before = this.#paths.dependences;
    this.rewrite(e);
    return this.#paths.dependences !== before;
  }

  /** Whether rules for single files leave the content of this one out. Not where the kernel loads it. */
  #contentCounts(hook: HookName, program: boolean, name: string): boolean {
    if (hook === "kernel_read_file") return true;
    return !this.#noProgramDigest.has(name) && (program || !this.#noDigest.has(name));
  }

  #value(kind: FieldKind, value: unknown, actor: Actor): unknown {
    switch (kind) {
      case "file":
        return this.#file(value as KindValue["file"], actor);
      case "dentry":
        return this.#dentry(value as KindValue["dentry"], actor);
      case "inode":
        return this.#inode(value as KindValue["inode"]);
      case "path":
        return this.#paths.path(value as KindValue["path"], actor);
      case "addr":
        return this.#addr(value as KindValue["addr"], actor);
      case "attr":
        return this.#attr(value as KindValue["attr"]);
      case "text":
        // the only text that is a name
        return actor.hook === "inode_symlink"
          ? this.#paths.text(value as KindValue["text"], actor)
          : value;
      default:
        return value;
    }
  }

  #file(file: FileId, actor: Actor): FileId {
    const inode = this.#inode(file.inode);
    const path = this.#paths.path(file.path, actor);
    const digest = this.#keepsDigest(file, actor) ? file.digest : this.#emptyDigest;
    const same = inode === file.inode && path === file.path && digest === file.digest;
    return same ? file : { flags: file.flags, inode, path, digest };
  }

  #keepsDigest({ flags, path }: FileId, actor: Actor): boolean {
    const program = isProgramUse(actor.hook, flags);
    if (!program && this.#digestPolicy && opensForWriting(flags)) return false;
    if (this.#noDigest.size === 0 && this.#noProgramDigest.size === 0) return true;
    return this.#contentCounts(actor.hook, program, this.#paths.name(path, actor));
  }

  #dentry(dentry: DentryId, actor: Actor): DentryId {
    const path = this.#paths.path(dentry.path, actor);
    if (dentry.inode === undefined) return path === dentry.path ? dentry : { path };
    const inode = this.#inode(dentry.inode);
    return inode === dentry.inode && path === dentry.path ? dentry : { inode, path };
  }

  #inode(inode: InodeId): InodeId {
    const sMagic = this.#filesystemClass ? filesystemClass(inode.sMagic) : inode.sMagic;
    const named = inode.sId !== undefined || inode.sUuid !== undefined;
    if (this.#dropSuperblockId && named)
      return { uid: inode.uid, gid: inode.gid, mode: inode.mode, sMagic };
    return sMagic === inode.sMagic ? inode : { ...inode, sMagic };
  }

  #attr(attr: InodeSetattrCell["attr"]): InodeSetattrCell["attr"] {
    return this.#truncateSize && attr.size > ONE_SIZE ? { ...attr, size: ONE_SIZE } : attr;
  }

  #addr(addr: SockAddr, actor: Actor): SockAddr {
    switch (addr.family) {
      case "unix": {
        const address = this.#paths.text(addr.address, actor);
        return address === addr.address ? addr : { family: "unix", address };
      }
      case "inet":
      case "inet6": {
        const placed = actor.own === undefined ? addr : inHostClass(actor.own, actor.hook, addr);
        const port = this.#port(addr.port, actor);
        // of the same family, which the compiler can not see
        return port === addr.port ? placed : ({ ...placed, port } as SockAddr);
      }
      default:
        return addr;
    }
  }

  #port(raw: number, actor: Actor): number {
    const port = portOf(actor.hook, { port: raw });
    const first = actor.own === undefined ? undefined : portClass(actor.own, actor.hook, port);
    if (first !== undefined) return portOf(actor.hook, { port: first });
    return this.#ephemeralPort && port >= FIRST_EPHEMERAL_PORT ? EPHEMERAL_PORT : raw;
  }
}

function tgidOf({ tgid }: SecurityEvent): { readonly tgid?: number } {
  return tgid === undefined ? {} : { tgid };
}

function withoutUnused(e: Extract<SecurityEvent, { hook: "task_prctl" }>): SecurityEvent {
  const cell = withoutUnusedArguments(e.cell);
  return cell === e.cell ? e : { ...e, cell };
}

/** Netlink ports are numbers of processes, or of threads, unless a program asks for one. */
function withoutNetlinkPort(e: SecurityEvent): SecurityEvent {
  if (e.hook !== "netlink_send" || e.cell.portid === 0 || e.cell.portid === EPHEMERAL_PORT)
    return e;
  return { ...e, cell: { ...e.cell, portid: EPHEMERAL_PORT } };
}

/**
 * The dentry of a name that did not exist, as that of a created object: of the acting program for symbolic links and special files, of
 * the object's creator for further names of what the workload has created. Any other value as it is.
 */
function withCreator(e: SecurityEvent, member: string, value: unknown): unknown {
  const creator = creatorOf(e, member);
  if (creator === undefined) return value;
  const { inode, path } = value as DentryId;
  const named = inode !== undefined || path.owner !== undefined || !path.pathname.includes("/");
  return named ? value : { path: { ...path, owner: creator, created: classOf(path.pathname) } };
}

function creatorOf(e: SecurityEvent, member: string): string | undefined {
  switch (e.hook) {
    case "inode_symlink":
    case "inode_mknod":
      return member === "dentry" ? e.task.taskId : undefined;
    case "inode_link":
    case "inode_rename":
      return member === "newDentry" ? e.cell.oldDentry.path.owner : undefined;
    default:
      return undefined;
  }
}
