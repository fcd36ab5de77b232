// SPDX-License-Identifier: Apache-2.0
// Rules in words: what each makes equal, and what it rests on.
import { quote } from "../../base/quote.ts";
import { HOOKS } from "../../event/index.ts";
import type {
  AddressUse,
  OwnRule,
  RuleGrounds,
  RuleName,
  RuleSpec,
  ValueClassRule,
} from "./rules.ts";

const WORDS: { readonly [R in Exclude<RuleName, OwnRule["rule"]>]: string } = {
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
    "programs that use threads may read which processors are online and whether memory is overcommitted, as the C library does now and then",
  "filesystem-class":
    "filesystems that hold ordinary files (ext, xfs, overlayfs, tmpfs, ...) count as one kind",
  "prctl-arguments": "arguments of prctl that its option does not use are ignored",
  "generated-code":
    "programs that write and run code in memory may also make it executable alone, and map their own program file again",
};

const USES: { readonly [U in AddressUse]: string } = {
  socket_bind: "binds to",
  socket_connect: "connects to",
  socket_accept: "accepts from",
  socket_sendmsg: "sends to",
};

/** What a rule does, in words. */
export function describeRule(rule: RuleSpec): string {
  switch (rule.rule) {
    case "path-template":
      return `names like ${quote(rule.template)} count as one`;
    case "no-digest":
      return `the content of ${quote(rule.path)} is ignored except as program or mapped code`;
    case "found-or-made":
      return `who made ${quote(rule.path)} is ignored, and its content except as program or mapped code: some runs make it, others find it`;
    case "no-program-digest":
      return `the content of ${quote(rule.path)} is ignored, also when it is run`;
    case "port-class":
      return `ports ${rule.from} to ${rule.to} that ${quote(rule.program)} ${USES[rule.use]} count as one`;
    case "host-class":
      return `addresses in ${quote(rule.network)} that ${quote(rule.program)} ${USES[rule.use]} count as one`;
    case "value-class":
      return describeValueClass(rule);
    default:
      return WORDS[rule.rule];
  }
}

function describeValueClass({ program, hook, syscall, member }: ValueClassRule): string {
  const what = syscall === undefined ? HOOKS[hook].words : `calls ${quote(syscall)}`;
  return `when ${quote(program)} ${what}, ${quote(member)} does not count`;
}

/** What an own rule rests on, in words; undefined for one of a model that does not tell. */
export function describeGrounds({ evidence, asked }: RuleGrounds): string | undefined {
  if (asked) return "asked for by name";
  if (evidence === undefined) return undefined;
  const { runs, distinct, values } = evidence;
  const shown = values.map((value) => quote(value)).join(", ");
  const more = distinct > values.length ? ", ..." : "";
  return `${counted(distinct, "value")} in ${counted(runs.length, "run")}: ${shown}${more}`;
}

function counted(n: number, what: string): string {
  return n === 1 ? `1 ${what}` : `${n} ${what}s`;
}
