// SPDX-License-Identifier: Apache-2.0
// What would make a refused event an allowed one, found by holding it against what is allowed nearby and against the rules of the model.
// Guesses for people, never used to decide.
import { pathsOf } from "../facts.ts";
import { quote } from "../../base/quote.ts";
import type { SecurityEvent } from "../../event/event.ts";
import { addressWords, portOf, type SockAddr } from "../../event/index.ts";
import { isProgramUse } from "../rules/file-use.ts";
import type { Nearest } from "../nearest.ts";
import { describeRule } from "../rules/rule-words.ts";
import { type AddressUse, ADDRESS_USES, type OwnRule, type RuleSpec } from "../rules/rules.ts";
import { likelyTemplate } from "./likely-template.ts";
import { misfitOf } from "./misfit.ts";

/** One thing that could be done, or a reason why a rule did not help. */
export interface Advice {
  readonly kind:
    | "rule covers the neighbour"
    | "does not fit the rule"
    | "name varies"
    | "content"
    | "port"
    | "host"
    | "made before"
    | "other rights";
  /** A sentence without a capital and a full stop; untrusted text is quoted. */
  readonly words: string;
  /** A rule that would cover it. */
  readonly rule?: OwnRule;
}

export interface AdviceFacts {
  /** The refused event as it was recorded, and as it was mapped. */
  readonly event: SecurityEvent;
  readonly mapped: SecurityEvent;
  readonly nearest: readonly Nearest[];
  readonly rules: readonly RuleSpec[];
  /** Path of the acting program. */
  readonly program: string | undefined;
}

const MAX_ADVICE = 4;

/** The most telling ones, in this order. */
export function adviceFor(facts: AdviceFacts): readonly Advice[] {
  const closest = facts.nearest.filter(({ event }) => event.hook === facts.event.hook);
  const found = [
    ...misfits(facts),
    ...classMisfits(facts),
    ...closest.flatMap((near) => [
      ...madeBefore(near),
      ...nameVaries(near, facts),
      ...otherContent(near, facts),
      ...otherAddress(near, facts),
      ...otherRights(near),
    ]),
    ...coveredNeighbours(closest, facts),
  ];
  const distinct = new Map(found.map((advice) => [`${advice.kind} ${advice.words}`, advice]));
  return [...distinct.values()].slice(0, MAX_ADVICE);
}

function templatesOf(rules: readonly RuleSpec[]): readonly string[] {
  return rules.flatMap((rule) => (rule.rule === "path-template" ? [rule.template] : []));
}

function misfits({ event, mapped, rules }: AdviceFacts): readonly Advice[] {
  const after = pathsOf(mapped);
  return pathsOf(event).flatMap((pathname, i) => {
    if (after[i]?.includes("//") === true) return [];
    return templatesOf(rules).flatMap((template): Advice[] => {
      const misfit = misfitOf(template, pathname);
      if (misfit === undefined) return [];
      const words = `the rule for names like ${quote(template)} does not cover it: ${quote(misfit.value, 80)} is no ${misfit.hole}`;
      return [{ kind: "does not fit the rule", words }];
    });
  });
}

const CLASS_FIELDS: Readonly<Record<"port-class" | "host-class", string>> = {
  "port-class": "addr.port",
  "host-class": "addr.address",
};

/** Rules for ports and hosts of this program that do not reach so far. */
function classMisfits({ event, rules, program, nearest }: AdviceFacts): readonly Advice[] {
  const { addr } = event.cell as { readonly addr?: SockAddr };
  const differs = nearest[0]?.differs.map(({ field }) => field) ?? [];
  if (addr === undefined) return [];
  return rules.flatMap((rule): Advice[] => {
    if (rule.rule !== "port-class" && rule.rule !== "host-class") return [];
    const wrong = differs.includes(CLASS_FIELDS[rule.rule]);
    if (!wrong || rule.program !== program || rule.use !== event.hook) return [];
    const port = rule.rule === "port-class" ? hostPort(event) : undefined;
    const value = port === undefined ? addressWords(event.hook, addr) : `port ${port}`;
    const words = `a rule of this program: ${describeRule(rule)}; here it is ${value}`;
    return [{ kind: "does not fit the rule", words }];
  });
}

/** The neighbour is one of many names that count as one. */
function coveredNeighbours(nearest: readonly Nearest[], { rules }: AdviceFacts): readonly Advice[] {
  const names = new Set(nearest.flatMap(({ event }) => pathsOf(event)));
  return rules.flatMap((rule): Advice[] => {
    if (rule.rule !== "path-template") return [];
    const shown = [...names].some((name) => name.replace("//", "/") === rule.template);
    if (!shown) return [];
    return [
      {
        kind: "rule covers the neighbour",
        words: `allowed nearby by a rule: ${describeRule(rule)}`,
      },
    ];
  });
}

/** The workload made the file itself while it learned, and here it was there before. */
function madeBefore({ differs }: Nearest): readonly Advice[] {
  const foundHere = differs.some(
    ({ field, got }) => field.endsWith("path.created") && got === "absent",
  );
  // one of another name is another file
  if (!foundHere || differs.some(({ field }) => PATHNAME.test(field))) return [];
  const words =
    "the workload made this file itself while it learned, and here it was there before: remove it before the run, or learn both ways (galgo learn --runs 2)";
  return [{ kind: "made before", words }];
}

const PATHNAME = /pathname$/;
const DIGEST = /digest$/;

function nameVaries({ differs }: Nearest, { event }: AdviceFacts): readonly Advice[] {
  const others = differs.filter(({ field }) => !PATHNAME.test(field) && !DIGEST.test(field));
  const names = differs.filter(({ field }) => PATHNAME.test(field));
  const [name] = names;
  // the content of a program is never a matter of its name
  const foreign = differs.some(({ field }) => DIGEST.test(field)) && usesCode(event);
  if (name === undefined || names.length > 1 || others.length > 0 || foreign) return [];
  const likely = likelyTemplate(name.expected.replace("//", "/"), name.got);
  if (likely === undefined) return [];
  const words = `the name differs in a part that looks like ${likely.holes.join(" and ")}: learn one more run, which finds the rule when the name varies, or ask for it`;
  return [
    {
      kind: "name varies",
      words,
      rule: { rule: "path-template", template: likely.template, asked: true },
    },
  ];
}

function usesCode(event: SecurityEvent): boolean {
  const { file } = event.cell as { readonly file?: { readonly flags: number } };
  return file !== undefined && isProgramUse(event.hook, file.flags);
}

function otherContent({ differs }: Nearest, { event, mapped }: AdviceFacts): readonly Advice[] {
  const [only, ...more] = differs;
  const [path] = pathsOf(mapped);
  if (only === undefined || more.length > 0 || !DIGEST.test(only.field) || path === undefined)
    return [];
  const shown = quote(path.replace("//", "/"));
  if (usesCode(event))
    return [
      {
        kind: "content",
        words: `${shown} has another content: after an update, learn again and look at galgo model diff`,
      },
    ];
  const words = `only the content of ${shown} is another: if it changes from run to run, learn one more run, or ask for it not to count`;
  return [{ kind: "content", words, rule: { rule: "no-digest", path, asked: true } }];
}

function otherAddress({ differs, event: near }: Nearest, facts: AdviceFacts): readonly Advice[] {
  const { event, program } = facts;
  const use = ADDRESS_USES.find((hook): hook is AddressUse => hook === event.hook);
  const [only, ...more] = differs;
  if (use === undefined || program === undefined || only === undefined || more.length > 0)
    return [];
  if (only.field === "addr.port") return otherPort(near, facts, use, program);
  if (only.field !== "addr.address") return [];
  const words = `the host is another: ${quote(program)} may use one that was there while it learned; if hosts vary, learn one more run, or ask for a network (host-class)`;
  return [{ kind: "host", words }];
}

function otherPort(
  near: SecurityEvent,
  { event }: AdviceFacts,
  use: AddressUse,
  program: string,
): readonly Advice[] {
  const ports = [near, event].map((e) => hostPort(e)).filter((port) => port !== undefined);
  const [from, to] = [Math.min(...ports), Math.max(...ports)];
  if (ports.length < 2) return [];
  const words = `only the port is another: if ports vary, learn one more run, or ask for ports ${from} to ${to} to count as one`;
  return [
    { kind: "port", words, rule: { rule: "port-class", program, use, from, to, asked: true } },
  ];
}

function hostPort({ hook, cell }: SecurityEvent): number | undefined {
  const { addr } = cell as { readonly addr?: SockAddr };
  return addr === undefined || !("port" in addr) ? undefined : portOf(hook, addr);
}

const RIGHTS = /^coe\.|inode\.(?:mode|uid|gid)$/;

function otherRights({ differs }: Nearest): readonly Advice[] {
  if (differs.length === 0 || !differs.every(({ field }) => RIGHTS.test(field))) return [];
  const who = differs.every(({ field }) => field.startsWith("coe."));
  const words = who
    ? "the same is allowed with other credentials: run it as the user that it was learned with, or learn as this one"
    : "the same is allowed when the file has the owner and mode that it had while learning";
  return [{ kind: "other rights", words }];
}
