// SPDX-License-Identifier: Apache-2.0
// The rules that a profile may list. A rule is data: it stands in the model, is covered by its digest, and is shown in words.
import type { HookName } from "../../event/event.ts";
import type { MappingName } from "../mapping-names.ts";

/** Device numbers of paths are left out. */
export interface DropDeviceRule {
  readonly rule: "drop-device";
}
/** s_id and s_uuid of inodes are left out. */
export interface DropSuperblockIdRule {
  readonly rule: "drop-superblock-id";
}
/** /proc/<own pid> is /proc/self, any other /proc/<pid> is /proc/{pid}, task/<tid> below them is task/{tid}. */
export interface ProcSelfRule {
  readonly rule: "proc-self";
}
/**
 * inet and inet6 ports from 32768 on (in host order) are one value, 65535; so are the ports of netlink sockets but 0, which the kernel
 * chooses by process id.
 */
export interface EphemeralPortRule {
  readonly rule: "ephemeral-port";
}
/**
 * Objects created inside the namespace are (directory, creator, class) instead of (directory, creator, instance); so are the names that
 * it gives to them by rename and link, and those of its symbolic links and special files, unless something had the name before.
 */
export interface CreatedClassRule {
  readonly rule: "created-class";
}
/** The name of a temporary directory (see `PathId`) does not count, neither by itself nor in paths below it. */
export interface TemporaryDirectoryRule {
  readonly rule: "temporary-directory";
}
/** Pipes and sockets that are opened again through a descriptor (/dev/fd/N) lose their inode number. */
export interface PipeNumberRule {
  readonly rule: "pipe-number";
}
/** Sizes that a file is cut or grown to are one, except 0. */
export interface TruncateSizeRule {
  readonly rule: "truncate-size";
}
/** Content digests only for programs, mapped code, files loaded into the kernel and files opened without write access. */
export interface DigestPolicyRule {
  readonly rule: "digest-policy";
}
/**
 * Acts when a model is made: programs that use threads may read which processors are online, and whether memory is
 * overcommitted. The C library does so when threads
 * meet in malloc, hence in one run and not in the next.
 */
export interface CpuCountRule {
  readonly rule: "cpu-count";
}
/**
 * Filesystems that hold ordinary files (ext, xfs, btrfs, overlayfs, tmpfs, nfs, ...) count as one kind; proc, sysfs, cgroup and others that
 * are made by the kernel, and those that a process answers for (FUSE), stay what they are.
 */
export interface FilesystemClassRule {
  readonly rule: "filesystem-class";
}
/** Arguments of prctl that its option does not look at are 0: they are what lay in the registers. */
export interface PrctlArgumentsRule {
  readonly rule: "prctl-arguments";
}
/**
 * Acts when a model is made: programs that make memory writable and executable at once may also make it executable, and map their own program
 * file once more.
 */
export interface GeneratedCodeRule {
  readonly rule: "generated-code";
}

/** What a found rule rests on. The same runs in any order give the same evidence. */
export interface RuleEvidence {
  /** Ids (16 hex digits) of the runs that showed the values, ascending. */
  readonly runs: readonly string[];
  /** How many different values there were in all runs. */
  readonly distinct: number;
  /** The first of them in byte order, as text. */
  readonly values: readonly string[];
}

/** Why a rule that no profile brings along is in a model: one of both. */
export interface RuleGrounds {
  /** It was found in recorded runs. */
  readonly evidence?: RuleEvidence;
  /** Somebody asked for it by name. It may then be wider than a found one. */
  readonly asked?: true;
}

/**
 * Names that match a template (template/template.ts) are one name: the template with an empty component in front of the first one with a hole, which
 * no real path has. Acts on every path after the rules above, on names of unix sockets, on targets of symbolic links and on executables.
 * Of several that match the most literal one acts.
 */
export interface PathTemplateRule extends RuleGrounds {
  readonly rule: "path-template";
  readonly template: string;
}
/** No content digest for this pathname, except as program or mapped code: the workload itself rewrites it. */
export interface NoDigestRule extends RuleGrounds {
  readonly rule: "no-digest";
  /** Absolute, as the path rules leave it: it may be what a template makes of names. */
  readonly path: string;
}
/**
 * A file that the workload makes itself in one run and finds in another: it is its name, whoever made it. No content digest, except as
 * program or mapped code.
 */
export interface FoundOrMadeRule extends RuleGrounds {
  readonly rule: "found-or-made";
  /** As in `no-digest`. */
  readonly path: string;
}
/** No content digest for this pathname at all, neither when it is run or mapped, nor in the TASK_ID of what runs it. Only when asked for. */
export interface NoProgramDigestRule extends RuleGrounds {
  readonly rule: "no-program-digest";
  /** As in `no-digest`. */
  readonly path: string;
}

/** The hooks in which an address is what the actor chose or met. */
export const ADDRESS_USES = [
  "socket_bind",
  "socket_connect",
  "socket_accept",
  "socket_sendmsg",
] as const;

export type AddressUse = (typeof ADDRESS_USES)[number];

/** inet and inet6 ports of one program in a range count as one, its first. */
export interface PortClassRule extends RuleGrounds {
  readonly rule: "port-class";
  /** Pathname of the program as the path rules leave it. */
  readonly program: string;
  readonly use: AddressUse;
  /** Host order, inclusive. */
  readonly from: number;
  readonly to: number;
}
/** Addresses of one network that a program uses count as one, its first. */
export interface HostClassRule extends RuleGrounds {
  readonly rule: "host-class";
  /** As in `port-class`. */
  readonly program: string;
  readonly use: AddressUse;
  /** `192.0.2.0/24` or `2001:db8::/48`. */
  readonly network: string;
}
/** A number or text member of a CELL does not count for one program. */
export interface ValueClassRule extends RuleGrounds {
  readonly rule: "value-class";
  /** As in `port-class`. */
  readonly program: string;
  readonly hook: HookName;
  /** Name of the system call, for the hook `syscall` only. */
  readonly syscall?: string;
  /** As in the hook's CELL: `backlog`, and with its index when the member is a list: `args.1`. */
  readonly member: string;
}

/** Rules that a workload has of its own, found or asked for. */
export type OwnRule =
  | PathTemplateRule
  | NoDigestRule
  | FoundOrMadeRule
  | NoProgramDigestRule
  | PortClassRule
  | HostClassRule
  | ValueClassRule;

export type RuleSpec =
  | DropDeviceRule
  | DropSuperblockIdRule
  | ProcSelfRule
  | EphemeralPortRule
  | CreatedClassRule
  | TemporaryDirectoryRule
  | PipeNumberRule
  | TruncateSizeRule
  | DigestPolicyRule
  | CpuCountRule
  | FilesystemClassRule
  | PrctlArgumentsRule
  | GeneratedCodeRule
  | OwnRule;

export type RuleName = RuleSpec["rule"];

/**
 * Rewrite rules under a name. `exact`: none. `portable`: at least the built-in ones. The rules act in one fixed order whatever order
 * they are listed in, so a list is a set.
 */
export interface ProfileSpec {
  readonly name: string;
  readonly rules: readonly RuleSpec[];
}

/** The profiles that exist by name. */
export const BUILTIN_PROFILES: Readonly<Record<"exact" | "portable", ProfileSpec>> = {
  exact: { name: "exact", rules: [] },
  portable: {
    name: "portable",
    rules: [
      { rule: "drop-device" },
      { rule: "drop-superblock-id" },
      { rule: "proc-self" },
      { rule: "ephemeral-port" },
      { rule: "created-class" },
      { rule: "temporary-directory" },
      { rule: "pipe-number" },
      { rule: "truncate-size" },
      { rule: "digest-policy" },
      { rule: "cpu-count" },
      { rule: "filesystem-class" },
      { rule: "prctl-arguments" },
      { rule: "generated-code" },
    ],
  },
};

/** Rules without members: those that profiles bring along. */
export const PLAIN_RULES = [
  "drop-device",
  "drop-superblock-id",
  "proc-self",
  "ephemeral-port",
  "created-class",
  "temporary-directory",
  "pipe-number",
  "truncate-size",
  "digest-policy",
  "cpu-count",
  "filesystem-class",
  "prctl-arguments",
  "generated-code",
] as const;

const OWN_RULE_ORDER = [
  "path-template",
  "no-digest",
  "found-or-made",
  "no-program-digest",
  "port-class",
  "host-class",
  "value-class",
] as const;

/** Every rule there is, in the order of a written model. */
export const RULE_ORDER: readonly RuleName[] = [...PLAIN_RULES, ...OWN_RULE_ORDER];

const OWN_RULES: ReadonlySet<RuleName> = new Set<RuleName>(OWN_RULE_ORDER);

/** Built-in rules of `portable` that models made before them do not have. Such a model is only stricter. */
export const LATER_RULES: ReadonlySet<RuleName> = new Set<RuleName>([
  "filesystem-class",
  "prctl-arguments",
  "generated-code",
]);

/** Built-in rules that a profile of that name does not list. */
export function lackingRules({ name, rules }: ProfileSpec): readonly RuleSpec[] {
  if (name !== "portable") return [];
  const listed = new Set(rules.map(({ rule }) => rule));
  return BUILTIN_PROFILES.portable.rules.filter(({ rule }) => !listed.has(rule));
}

/** True for a rule that no profile brings along. */
export function isOwnRule(rule: RuleSpec): rule is OwnRule {
  return OWN_RULES.has(rule.rule);
}

/**
 * Order of two rules in a written model: by kind as listed above, then by their members. 0: they have the same effect, whatever
 * they rest on.
 */
export function compareRules(a: RuleSpec, b: RuleSpec): number {
  const byKind = RULE_ORDER.indexOf(a.rule) - RULE_ORDER.indexOf(b.rule);
  if (byKind !== 0) return byKind;
  const [x, y] = [effectOf(a), effectOf(b)];
  for (const [i, value] of x.entries()) {
    const other = y[i] ?? "";
    if (value < other) return -1;
    if (value > other) return 1;
  }
  return 0;
}

/** The same text for rules that do the same, whatever they rest on: those for which `compareRules` gives 0. */
export function ruleKey(rule: RuleSpec): string {
  return JSON.stringify([rule.rule, ...effectOf(rule)]);
}

/** What a rule does, member by member; of the same kinds for all rules of one kind. */
function effectOf(rule: RuleSpec): readonly (string | number)[] {
  switch (rule.rule) {
    case "path-template":
      return [rule.template];
    case "no-digest":
    case "found-or-made":
    case "no-program-digest":
      return [rule.path];
    case "port-class":
      return [rule.program, rule.use, rule.from, rule.to];
    case "host-class":
      return [rule.program, rule.use, rule.network];
    case "value-class":
      return [rule.program, rule.hook, rule.syscall ?? "", rule.member];
    default:
      return [];
  }
}

/** Quixote's mappings hash what the rules leave out or replace, so they go with no rules. */
export function rulesFit({ rules }: ProfileSpec, mapping: MappingName): boolean {
  return mapping === "tsem-v4" || rules.length === 0;
}

/** A profile with more rules, in the order of a model, each once. */
export function withRules({ name, rules }: ProfileSpec, more: readonly RuleSpec[]): ProfileSpec {
  const all = [...rules, ...more].sort(compareRules);
  const distinct = all.filter((rule, i) => {
    const before = all[i - 1];
    return before === undefined || compareRules(before, rule) !== 0;
  });
  return { name, rules: distinct };
}

/** True for a rule that somebody asked for by name: it is no finding, so learning again keeps it. */
export function isAsked(rule: RuleSpec): rule is OwnRule & { readonly asked: true } {
  return "asked" in rule && rule.asked === true;
}
