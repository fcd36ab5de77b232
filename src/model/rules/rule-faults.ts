// SPDX-License-Identifier: Apache-2.0
// What a schema cannot say of the rules of a profile: that each can be, rests on something, is not too wide, and that they agree.
import { isHookName } from "../../event/index.ts";
import { ModelError } from "../errors.ts";
import { type Network, overlap, parseNetwork } from "./network.ts";
import {
  compareRules,
  type HostClassRule,
  isOwnRule,
  type OwnRule,
  type PortClassRule,
  type RuleGrounds,
  type RuleSpec,
  type ValueClassRule,
} from "./rules.ts";
import { parseTemplate } from "../template/template.ts";
import { refuseTooWide } from "./too-wide.ts";
import { valueMember, valueMembers } from "./value-members.ts";

const LONE_SURROGATE = /\p{Cs}/u;

/** Faults of the rules of a profile, each with its place (`[3] ...`). */
export function ruleListFaults(rules: readonly RuleSpec[]): readonly string[] {
  const faults = rules.flatMap((rule, i) => {
    const before = rules[i - 1];
    const member = ruleFault(rule);
    const whole = member === undefined ? (groundsFault(rule) ?? wideFault(rule)) : undefined;
    const disorder = before !== undefined && compareRules(before, rule) >= 0;
    return [
      ...(member === undefined ? [] : [`[${i}].${member}`]),
      ...(whole === undefined ? [] : [`[${i}] ${whole}`]),
      ...(disorder ? [`[${i}] is doubled or out of order`] : []),
    ];
  });
  return faults.length > 0 ? faults : overlapFaults(rules);
}

/** Why there can be no such rule, beginning with the member that is wrong; undefined when there can. */
export function ruleFault(rule: RuleSpec): string | undefined {
  if (!isOwnRule(rule)) return undefined;
  const odd = textsOf(rule).find(([, text]) => LONE_SURROGATE.test(text));
  if (odd !== undefined) return `${odd[0]} is not well-formed text`;
  if ("program" in rule && !rule.program.startsWith("/"))
    return "program does not begin with a slash";
  return evidenceFault(rule) ?? ownFault(rule);
}

function ownFault(rule: OwnRule): string | undefined {
  switch (rule.rule) {
    case "path-template":
      return said("template", () => parseTemplate(rule.template));
    case "port-class":
      return rule.from <= rule.to ? undefined : "from is above to";
    case "host-class":
      return said("network", () => parseNetwork(rule.network));
    case "value-class":
      return valueFault(rule);
    default:
      return undefined;
  }
}

function valueFault({ hook, syscall, member }: ValueClassRule): string | undefined {
  if (!isHookName(hook) || hook === "bprm_committed_creds") return "hook has no values";
  if ((hook === "syscall") !== (syscall !== undefined))
    return hook === "syscall" ? "syscall is missing" : `syscall does not go with the hook ${hook}`;
  if (valueMember(hook, member) !== undefined) return undefined;
  const known = valueMembers(hook).join(", ") || "none";
  return `member is no number or text of ${hook}; there are: ${known}`;
}

/** An own rule was found or asked for. Models of older builds do not tell it of files whose content does not count. */
function groundsFault(rule: RuleSpec): string | undefined {
  if (!isOwnRule(rule)) return undefined;
  const { evidence, asked }: RuleGrounds = rule;
  if (evidence === undefined && asked === undefined)
    return rule.rule === "no-digest" ? undefined : "has neither evidence nor asked";
  return evidence !== undefined && asked !== undefined ? "has both evidence and asked" : undefined;
}

function evidenceFault({ evidence }: RuleGrounds): string | undefined {
  if (evidence === undefined) return undefined;
  const { runs, values, distinct } = evidence;
  if (runs.some((run, i) => i > 0 && run <= (runs[i - 1] ?? "")))
    return "evidence.runs is not in ascending order";
  return distinct < values.length ? "evidence.distinct is less than its values" : undefined;
}

function wideFault(rule: RuleSpec): string | undefined {
  const why = refuseTooWide(rule);
  return why === undefined
    ? undefined
    : `is too wide: ${why}; only a rule that is asked for may be so wide`;
}

function textsOf(rule: OwnRule): readonly (readonly [string, string])[] {
  const own = Object.entries(rule).filter(
    (entry): entry is [string, string] => typeof entry[1] === "string",
  );
  const values = rule.evidence?.values ?? [];
  return [...own, ...values.map((value, i) => [`evidence.values[${i}]`, value] as const)];
}

function said(member: string, parse: () => unknown): string | undefined {
  try {
    parse();
    return undefined;
  } catch (error) {
    if (error instanceof ModelError) return `${member} is wrong: ${error.message}`;
    throw error;
  }
}

/** Classes of one program and use must not overlap: a value has one class. */
function overlapFaults(rules: readonly RuleSpec[]): readonly string[] {
  const faults: string[] = [];
  const ports = new Map<string, PortClassRule[]>();
  const hosts = new Map<string, Network[]>();
  for (const [i, rule] of rules.entries()) {
    const clash =
      rule.rule === "port-class"
        ? among(ports, rule, rule, (a, b) => a.from <= b.to && b.from <= a.to)
        : rule.rule === "host-class" && among(hosts, rule, parseNetwork(rule.network), overlap);
    if (clash) faults.push(`[${i}] overlaps with another of the same program and use`);
  }
  return faults;
}

function among<T>(
  known: Map<string, T[]>,
  { program, use }: PortClassRule | HostClassRule,
  one: T,
  clash: (a: T, b: T) => boolean,
): boolean {
  const key = `${use} ${program}`;
  const others = known.get(key) ?? [];
  known.set(key, others);
  const found = others.some((other) => clash(other, one));
  others.push(one);
  return found;
}
