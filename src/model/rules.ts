// SPDX-License-Identifier: Apache-2.0
// The rules that a profile may list. A rule is data: it stands in the model, is covered by its digest, and is shown in words.
import type { MappingName } from "./mapping-names.ts";
import { quote } from "../base/quote.ts";

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
 * Acts when a model is made: programs that use threads may read which processors are online. The C library does so when threads
 * meet in malloc, hence in one run and not in the next.
 */
export interface CpuCountRule {
  readonly rule: "cpu-count";
}
/** No content digest for this pathname, except as program or mapped code: the workload itself rewrites it. */
export interface NoDigestRule {
  readonly rule: "no-digest";
  /** Absolute, as `proc-self` leaves it when that rule is listed. */
  readonly path: string;
}

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
  | NoDigestRule;

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
    ],
  },
};

const WORDS: { readonly [R in Exclude<RuleName, "no-digest">]: string } = {
  "drop-device": "device numbers are ignored",
  "drop-superblock-id": "names and uuids of filesystem instances are ignored",
  "proc-self":
    "/proc/<own pid> counts as /proc/self, /proc/<other pid> as /proc/{pid}, task/<tid> as task/{tid}",
  "ephemeral-port": "ports from 32768 on count as one, and so do ports of netlink sockets",
  "created-class":
    "files created by the workload are told apart by directory, creator and extension, not by name or count",
  "temporary-directory":
    "names of directories that the workload makes for itself alone (mode 0700) in a directory like /tmp are ignored",
  "pipe-number": "pipes and sockets opened through a descriptor are not told apart by number",
  "truncate-size": "sizes that files are cut or grown to count as one, except 0",
  "digest-policy":
    "content counts for programs, mapped code, files loaded into the kernel and files opened only for reading",
  "cpu-count":
    "programs that use threads may read which processors are online, as the C library does now and then",
};

/** What a rule does, in words. */
export function describeRule(rule: RuleSpec): string {
  if (rule.rule !== "no-digest") return WORDS[rule.rule];
  return `the content of ${quote(rule.path)} is ignored except as program or mapped code`;
}

/** Every rule there is, in the order of a written model. */
export const RULE_ORDER: readonly RuleName[] = [
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
  "no-digest",
];

/** Order of two rules in a written model: built-in ones as listed above, then `no-digest` by path. */
export function compareRules(a: RuleSpec, b: RuleSpec): number {
  const byKind = RULE_ORDER.indexOf(a.rule) - RULE_ORDER.indexOf(b.rule);
  if (byKind !== 0) return byKind;
  if (a.rule !== "no-digest" || b.rule !== "no-digest") return 0;
  return a.path < b.path ? -1 : a.path > b.path ? 1 : 0;
}

/** Quixote's mappings hash what the rules leave out or replace, so they go with no rules. */
export function rulesFit({ rules }: ProfileSpec, mapping: MappingName): boolean {
  return mapping === "tsem-v4" || rules.length === 0;
}
