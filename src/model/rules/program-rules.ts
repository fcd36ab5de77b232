// SPDX-License-Identifier: Apache-2.0
// Rules that hold for one program: classes of ports, of addresses, and of values. Who is behind a TASK_ID has to be told; for whom it was not
// told, or told in two ways, no such rule holds.
import type { SockAddr } from "../../event/cell/socket.ts";
import type { HookName, SecurityEvent } from "../../event/event.ts";
import { MAX_NAMED_PROGRAMS } from "../limits.ts";
import { addressBytes, contains, firstAddress, type Network, parseNetwork } from "./network.ts";
import type { AddressUse, PortClassRule, ProfileSpec, RuleSpec } from "./rules.ts";
import { type ValueMember, valueMember, withoutValue } from "./value-members.ts";

/** The rules of one program. */
export interface ScopedRules {
  readonly ports: readonly PortClassRule[];
  readonly hosts: readonly { readonly use: AddressUse; readonly network: Network }[];
  readonly values: readonly {
    readonly hook: HookName;
    readonly syscall: string | undefined;
    readonly member: ValueMember;
  }[];
}

type ProgramRule = Extract<RuleSpec, { readonly program: string }>;

export class ProgramRules {
  /** False: there is no such rule, so nobody need be named. */
  readonly any: boolean;
  readonly #byProgram: ReadonlyMap<string, ScopedRules>;
  readonly #names = new Map<string, string>();
  readonly #byTask = new Map<string, ScopedRules>();

  /** Throws `ModelError` BAD_RULE for a network that is none. */
  constructor({ rules }: ProfileSpec) {
    const scoped = rules.filter((rule): rule is ProgramRule => "program" in rule);
    const programs = new Set(scoped.map(({ program }) => program));
    this.any = programs.size > 0;
    this.#byProgram = new Map(
      [...programs].map((name) => [name, rulesOf(scoped.filter((r) => r.program === name))]),
    );
  }

  named(taskId: string, program: string): void {
    if (!this.any) return;
    const known = this.#names.get(taskId);
    if (known === program) return;
    if (known === undefined && this.#names.size >= MAX_NAMED_PROGRAMS) return;
    // an id that stands for two programs stands for none: the first name is kept, so it stays so
    const rules = known === undefined ? this.#byProgram.get(program) : undefined;
    if (known === undefined) this.#names.set(taskId, program);
    if (rules === undefined) this.#byTask.delete(taskId);
    else this.#byTask.set(taskId, rules);
  }

  of(taskId: string): ScopedRules | undefined {
    return this.#byTask.get(taskId);
  }
}

function rulesOf(rules: readonly ProgramRule[]): ScopedRules {
  return {
    ports: rules.filter((rule) => rule.rule === "port-class"),
    hosts: rules.flatMap((rule) =>
      rule.rule === "host-class" ? [{ use: rule.use, network: parseNetwork(rule.network) }] : [],
    ),
    values: rules.flatMap((rule) => {
      if (rule.rule !== "value-class") return [];
      const member = valueMember(rule.hook, rule.member);
      return member === undefined ? [] : [{ hook: rule.hook, syscall: rule.syscall, member }];
    }),
  };
}

/** The first port of the class that a port (host order) is in; undefined when it is in none. */
export function portClass({ ports }: ScopedRules, use: HookName, port: number): number | undefined {
  return ports.find((rule) => rule.use === use && rule.from <= port && port <= rule.to)?.from;
}

/** The address with the first one of its network in its place. */
export function inHostClass({ hosts }: ScopedRules, use: HookName, addr: SockAddr): SockAddr {
  if (hosts.length === 0 || (addr.family !== "inet" && addr.family !== "inet6")) return addr;
  const bytes = addressBytes(addr.address);
  const found = hosts.find(
    ({ use: its, network }) =>
      its === use && network.family === addr.family && contains(network, bytes),
  );
  if (found === undefined) return addr;
  const address = firstAddress(found.network);
  // of the same family, which the compiler can not see
  return address === addr.address ? addr : ({ ...addr, address } as SockAddr);
}

/** The value of a member with what the rules of the program leave out replaced. */
export function inValueClass(
  { values }: ScopedRules,
  e: SecurityEvent,
  member: string,
  value: unknown,
): unknown {
  let next = value;
  for (const rule of values) {
    if (rule.hook !== e.hook || rule.member.member !== member) continue;
    if (e.hook === "syscall" && rule.syscall !== e.syscall) continue;
    next = withoutValue(next, rule.member);
  }
  return next;
}
