// SPDX-License-Identifier: Apache-2.0
// A profile at work: rewrites events before they are mapped, so that what differs without being behaviour maps alike.
import type { DentryId, FileId, InodeId, PathId } from "../event/cell/file.ts";
import type { InodeSetattrCell } from "../event/cell/inode.ts";
import type { SockAddr } from "../event/cell/socket.ts";
import type { HookName, SecurityEvent } from "../event/event.ts";
import { HOOKS } from "../event/index.ts";
import type { FieldKind, KindValue } from "../event/layout.ts";
import { isProgramUse, opensForWriting } from "./file-use.ts";
import { filesystemClass } from "./filesystems.ts";
import { withoutUnusedArguments } from "./prctl-arguments.ts";
import { belowTemporary, classOf, procSelf, withoutNumber } from "./rewrite-path.ts";
import type { ProfileSpec, RuleName } from "./rules.ts";

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
  /** False when the rules drop the content digest of such a file, so that it need not be computed. */
  wantsDigest(hook: HookName, flags: number, pathname: string): boolean;
}

/** What a profile needs of a mapper. */
export interface DigestFacts {
  readonly emptyDigest: string;
}

/** Makes the rules of `spec` ready. They act in a fixed order: paths and inodes, then digests, then ports. */
export function createProfile(spec: ProfileSpec, { emptyDigest }: DigestFacts): Profile {
  return new RuleSet(spec, emptyDigest);
}

/** Who acts, as far as a rule asks. */
interface Actor {
  readonly hook: HookName;
  readonly pid: number;
  readonly tgid?: number;
}

const NOBODY: Actor = { hook: "bprm_committed_creds", pid: 0 };

class RuleSet implements Profile {
  readonly spec: ProfileSpec;
  readonly #emptyDigest: string;
  readonly #dropDevice: boolean;
  readonly #dropSuperblockId: boolean;
  readonly #procSelf: boolean;
  readonly #ephemeralPort: boolean;
  readonly #createdClass: boolean;
  readonly #temporary: boolean;
  readonly #pipeNumber: boolean;
  readonly #truncateSize: boolean;
  readonly #digestPolicy: boolean;
  readonly #filesystemClass: boolean;
  readonly #prctlArguments: boolean;
  readonly #noDigest: ReadonlySet<string>;
  readonly #idle: boolean;

  constructor(spec: ProfileSpec, emptyDigest: string) {
    const has = (name: RuleName): boolean => spec.rules.some((rule) => rule.rule === name);
    this.spec = spec;
    this.#emptyDigest = emptyDigest;
    this.#dropDevice = has("drop-device");
    this.#dropSuperblockId = has("drop-superblock-id");
    this.#procSelf = has("proc-self");
    this.#ephemeralPort = has("ephemeral-port");
    this.#createdClass = has("created-class");
    this.#temporary = has("temporary-directory");
    this.#pipeNumber = has("pipe-number");
    this.#truncateSize = has("truncate-size");
    this.#digestPolicy = has("digest-policy");
    this.#filesystemClass = has("filesystem-class");
    this.#prctlArguments = has("prctl-arguments");
    this.#noDigest = new Set(spec.rules.flatMap((r) => (r.rule === "no-digest" ? [r.path] : [])));
    this.#idle = spec.rules.length === 0;
  }

  rewrite(event: SecurityEvent): SecurityEvent {
    if (this.#idle) return event;
    if (event.hook === "task_prctl" && this.#prctlArguments) return withoutUnused(event);
    const e = this.#ephemeralPort ? withoutNetlinkPort(event) : event;
    const cell = e.cell as unknown as Readonly<Record<string, unknown>>;
    let changed: Record<string, unknown> | undefined;
    for (const field of HOOKS[e.hook].cell) {
      const value = cell[field.member];
      if (value === undefined) continue;
      const made = this.#createdClass ? withCreator(e, field.member, value) : value;
      const rewritten = this.#value(field.kind, made, e);
      if (rewritten === value) continue;
      changed ??= { ...cell };
      changed[field.member] = rewritten;
    }
    // A rewritten CELL has the members of the one it came from, which the compiler cannot follow through the table.
    return changed === undefined ? e : ({ ...e, cell: changed } as unknown as SecurityEvent);
  }

  rewriteExecutable(file: FileId): FileId {
    return this.#idle ? file : this.#file(file, NOBODY);
  }

  wantsDigest(hook: HookName, flags: number, pathname: string): boolean {
    if (isProgramUse(hook, flags)) return true;
    return !(this.#digestPolicy && opensForWriting(flags)) && !this.#noDigest.has(pathname);
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
        return this.#path(value as KindValue["path"], actor);
      case "addr":
        return this.#addr(value as KindValue["addr"], actor);
      case "attr":
        return this.#attr(value as KindValue["attr"]);
      default:
        return value;
    }
  }

  #file(file: FileId, actor: Actor): FileId {
    const inode = this.#inode(file.inode);
    const path = this.#path(file.path, actor);
    const keep = this.wantsDigest(actor.hook, file.flags, path.pathname);
    const digest = keep ? file.digest : this.#emptyDigest;
    const same = inode === file.inode && path === file.path && digest === file.digest;
    return same ? file : { flags: file.flags, inode, path, digest };
  }

  #dentry(dentry: DentryId, actor: Actor): DentryId {
    const path = this.#path(dentry.path, actor);
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

  #path(path: PathId, actor: Actor): PathId {
    let next = path;
    if (this.#dropDevice && path.dev !== undefined) {
      const { dev: _, ...rest } = next;
      next = rest;
    }
    if (this.#procSelf) {
      const pathname = procSelf(path.pathname, actor.pid, actor.tgid);
      if (pathname !== path.pathname) next = { ...next, pathname };
    }
    if (this.#createdClass && path.owner !== undefined && path.instance !== undefined) {
      const { instance: _, ...rest } = next;
      next = { ...rest, created: classOf(path.pathname) };
    }
    if (this.#temporary && path.temporary !== undefined) {
      const { temporary: _, ...rest } = next;
      next = { ...rest, pathname: belowTemporary(path.pathname, path.temporary) };
    }
    if (this.#pipeNumber) {
      const pathname = withoutNumber(next.pathname);
      if (pathname !== next.pathname) next = { ...next, pathname };
    }
    return next;
  }

  #attr(attr: InodeSetattrCell["attr"]): InodeSetattrCell["attr"] {
    return this.#truncateSize && attr.size > ONE_SIZE ? { ...attr, size: ONE_SIZE } : attr;
  }

  #addr(addr: SockAddr, actor: Actor): SockAddr {
    if (!this.#ephemeralPort || (addr.family !== "inet" && addr.family !== "inet6")) return addr;
    // socket_accept alone gives the port in host order.
    const raw = addr.port;
    const port = actor.hook === "socket_accept" ? raw : ((raw & 0xff) << 8) | (raw >> 8);
    return port < FIRST_EPHEMERAL_PORT || raw === EPHEMERAL_PORT
      ? addr
      : { ...addr, port: EPHEMERAL_PORT };
  }
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
