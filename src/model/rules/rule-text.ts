// SPDX-License-Identifier: Apache-2.0
// Rules as people write them on a command line (`--rule TEXT`). A rule that is asked for may be wider than a found one.
import { quote } from "../../base/quote.ts";
import { isHookName } from "../../event/index.ts";
import { ModelError } from "../errors.ts";
import { ruleFault, ruleListFaults } from "./rule-faults.ts";
import {
  compareRules,
  type AddressUse,
  isOwnRule,
  type OwnRule,
  type ProfileSpec,
  type RuleSpec,
  withRules,
} from "./rules.ts";
import { parseTemplate, rewrittenForm, type Template } from "../template/template.ts";

const USES: Readonly<Record<string, AddressUse>> = {
  bind: "socket_bind",
  connect: "socket_connect",
  accept: "socket_accept",
  send: "socket_sendmsg",
};
const USE_NAMES: string = Object.keys(USES).join(", ");
const USE_PLACE: RegExp = new RegExp(
  `^(.*):(${Object.keys(USES).join("|")}):([^/]*(?:/[0-9]+)?)$`,
  "s",
);
const MAX_PORT = 65_535;
/** A hole, where doubled braces have been taken out. */
const HOLE = /\{/;

/** How each kind of rule is written. */
export const RULE_FORMS: Readonly<Record<string, string>> = {
  path: "path:TEMPLATE, as path:/srv/data/{path}",
  "no-digest": "no-digest:PATH, as no-digest:/srv/db.json",
  "found-or-made": "found-or-made:PATH, as found-or-made:/srv/app/stamp",
  program: "program:PATH, as program:/srv/app/bin/x or program:/srv/app/bin/{name}",
  ports: "ports:PROGRAM:USE:FROM-TO, as ports:/usr/bin/node:bind:1024-65535",
  hosts: "hosts:PROGRAM:USE:NETWORK, as hosts:/usr/bin/curl:connect:192.0.2.0/24",
  value:
    "value:PROGRAM:HOOK:MEMBER or value:PROGRAM:syscall.NAME:MEMBER, as value:/usr/bin/x:socket_listen:backlog",
};

/**
 * Reads the rules that a text asks for: mostly one; `program:` with a template gives the template as well, so that the names are one, and
 * `no-digest:` likewise. Throws `ModelError` BAD_RULE that says how it is written.
 */
export function parseRule(text: string): readonly OwnRule[] {
  const colon = text.indexOf(":");
  const kind = text.slice(0, Math.max(0, colon));
  const rest = text.slice(colon + 1);
  const form = Object.hasOwn(RULE_FORMS, kind) ? RULE_FORMS[kind] : undefined;
  if (form === undefined)
    throw new ModelError(
      "BAD_RULE",
      `${quote(text)} is no rule; there are: ${Object.values(RULE_FORMS).join("; ")}`,
    );
  const refuse: Refuse = (why) =>
    new ModelError("BAD_RULE", `the rule ${quote(text)} is wrong: ${why}; write ${form}`);
  if (rest === "") throw refuse("nothing follows the colon");
  const rules = rulesOf(kind, rest, refuse);
  for (const rule of rules) {
    const fault = ruleFault(rule);
    if (fault !== undefined) throw refuse(fault);
  }
  return rules;
}

type Refuse = (why: string) => ModelError;

function rulesOf(kind: string, rest: string, refuse: Refuse): readonly OwnRule[] {
  const asked = true;
  switch (kind) {
    case "path":
      return [{ rule: "path-template", template: rest, asked }];
    case "no-digest":
    case "found-or-made":
    case "program":
      return contentRules(kind, rest, refuse);
    case "ports": {
      const { program, use, last } = scoped(rest, refuse);
      const [from, to] = portsOf(last, refuse);
      return [{ rule: "port-class", program, use, from, to, asked }];
    }
    case "hosts": {
      const { program, use, last } = scoped(rest, refuse);
      return [{ rule: "host-class", program, use, network: last, asked }];
    }
    default:
      return [valueRule(rest, refuse)];
  }
}

/** The path may be a template: then names that match it are one, and the content of that one does not count. */
function contentRules(
  kind: "no-digest" | "found-or-made" | "program",
  text: string,
  refuse: Refuse,
): readonly OwnRule[] {
  const asked = true;
  const rule = kind === "program" ? "no-program-digest" : kind;
  if (!text.startsWith("/")) throw refuse("the path does not begin with a slash");
  if (!HOLE.test(text.replaceAll("{{", "")))
    return [{ rule, path: text.replaceAll("{{", "{"), asked }];
  const template = parsed(text, refuse);
  if (template.below === true) throw refuse("it is a directory, which has no content");
  return [
    { rule: "path-template", template: text, asked },
    { rule, path: rewrittenForm(template), asked },
  ];
}

function parsed(text: string, refuse: Refuse): Template {
  try {
    return parseTemplate(text);
  } catch (error) {
    throw error instanceof ModelError ? refuse(error.message) : error;
  }
}

interface Scoped {
  readonly program: string;
  readonly use: AddressUse;
  readonly last: string;
}

/** PROGRAM:USE:LAST; a program may have a colon in its name, a network has some. */
function scoped(text: string, refuse: Refuse): Scoped {
  const found = USE_PLACE.exec(text);
  const use = found === null ? undefined : USES[found[2] ?? ""];
  if (found === null || use === undefined) throw refuse(`it has no use (${USE_NAMES}) in it`);
  return { program: found[1] ?? "", use, last: found[3] ?? "" };
}

function portsOf(text: string, refuse: Refuse): readonly [number, number] {
  const found = /^([0-9]{1,5})(?:-([0-9]{1,5}))?$/.exec(text);
  const from = Number(found?.[1] ?? -1);
  const to = Number(found?.[2] ?? from);
  if (from < 0 || from > MAX_PORT || to > MAX_PORT)
    throw refuse(`${quote(text)} is no range of ports from 0 to ${MAX_PORT}`);
  return [from, to];
}

function valueRule(text: string, refuse: Refuse): OwnRule {
  const found = /^(.*):([a-z_]+)(?:\.([a-z0-9_]+))?:([A-Za-z0-9.]+)$/s.exec(text);
  const [, program = "", hook = "", syscall, member = ""] = found ?? [];
  if (found === null || !isHookName(hook)) throw refuse("it has no hook and member in it");
  return {
    rule: "value-class",
    program,
    hook,
    ...(syscall !== undefined && { syscall }),
    member,
    asked: true,
  };
}

/** A rule as `parseRule` reads it; undefined for a built-in one, and for one that cannot be written so. */
export function printRule(rule: RuleSpec): string | undefined {
  if (!isOwnRule(rule)) return undefined;
  const text = printed(rule);
  try {
    const read = parseRule(text);
    return read.length === 1 && read.every((one) => compareRules(one, rule) === 0)
      ? text
      : undefined;
  } catch {
    return undefined;
  }
}

function printed(rule: OwnRule): string {
  switch (rule.rule) {
    case "path-template":
      return `path:${rule.template}`;
    case "no-digest":
      return `no-digest:${rule.path.replaceAll("{", "{{")}`;
    case "found-or-made":
      return `found-or-made:${rule.path.replaceAll("{", "{{")}`;
    case "no-program-digest":
      return `program:${rule.path.replaceAll("{", "{{")}`;
    case "port-class":
      return `ports:${rule.program}:${useName(rule.use)}:${rule.from}-${rule.to}`;
    case "host-class":
      return `hosts:${rule.program}:${useName(rule.use)}:${rule.network}`;
    case "value-class": {
      const call = rule.syscall === undefined ? "" : `.${rule.syscall}`;
      return `value:${rule.program}:${rule.hook}${call}:${rule.member}`;
    }
  }
}

function useName(use: AddressUse): string {
  return Object.entries(USES).find(([, one]) => one === use)?.[0] ?? use;
}

/** A profile with more rules, in the order of a model. Throws `ModelError` BAD_RULE when they do not go together. */
export function withAskedRules(profile: ProfileSpec, asked: readonly OwnRule[]): ProfileSpec {
  if (asked.length === 0) return profile;
  if (profile.name === "exact")
    throw new ModelError(
      "BAD_RULE",
      "the profile exact makes nothing equal, so no rule can be asked for; use --profile portable",
    );
  const { rules } = withRules(profile, asked);
  const [fault] = ruleListFaults(rules);
  if (fault !== undefined)
    throw new ModelError("BAD_RULE", `the rules do not go together: ${rulesInWords(rules, fault)}`);
  return { name: profile.name, rules };
}

/** A fault of a list with the rule that it is about instead of its place. */
function rulesInWords(rules: readonly RuleSpec[], fault: string): string {
  const [, place, what = fault] = /^\[([0-9]+)\](.*)$/s.exec(fault) ?? [];
  const rule = rules[Number(place)];
  return rule === undefined ? fault : `${quote(printRule(rule) ?? rule.rule)}${what}`;
}
