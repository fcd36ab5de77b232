// SPDX-License-Identifier: Apache-2.0
// When a rule makes too much equal. Such a rule is never made, and a model that lists it is refused, unless somebody asked for it by name.
import { isAsked } from "./rules.ts";
import { quote } from "../../base/quote.ts";
import type { HookName } from "../../event/event.ts";
import { contains, type Network, overlap, parseNetwork } from "./network.ts";
import type { HostClassRule, PortClassRule, RuleSpec, ValueClassRule } from "./rules.ts";
import { templateWidth } from "./template-width.ts";

/** Ports below it take a privilege to bind, and each has its meaning. */
const FIRST_FREE_PORT = 1024;
const SHORTEST_PREFIX = { inet: 16, inet6: 48 } as const;
/** inet6 addresses that are inet ones: how many bits lead to those. */
const MAPPED: readonly Network[] = ["::ffff:0:0/96", "64:ff9b::/96"].map(parseNetwork);
/** Where clouds tell a machine its secrets. */
const METADATA: readonly (readonly [string, Network])[] = (
  ["169.254.169.254/32", "fd00:ec2::254/128", "100.100.100.200/32"] as const
).map((text) => [text, parseNetwork(text)]);

/**
 * Members that are amounts or the workload's own names: whatever their value, nothing more is allowed. All others are privileges, kinds
 * of objects or commands.
 */
const HARMLESS: ReadonlyMap<HookName, ReadonlySet<string>> = new Map<HookName, ReadonlySet<string>>(
  [
    ["socket_listen", new Set(["backlog"])],
    ["task_setnice", new Set(["nice"])],
    ["task_setioprio", new Set(["ioprio"])],
    ["task_setrlimit", new Set(["current", "max"])],
    ["sem_semop", new Set(["nsops"])],
    ["msg_queue_msgrcv", new Set(["type"])],
    ["settime", new Set(["seconds", "nsecs"])],
  ],
);
const HARMLESS_OF_CALLS: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ["memfd_create", new Set(["text"])],
  ["setpriority", new Set(["args.0", "args.1", "args.2"])],
  ["ioprio_set", new Set(["args.0", "args.1", "args.2"])],
]);

/** The name of a program that a wide template has rewritten. */
const OPEN_PROGRAM = /\{(?:name|path)\}/;

/** Why a rule makes too much equal; undefined when it does not, or somebody asked for it. It must be one that can be (`ruleFault`). */
export function refuseTooWide(rule: RuleSpec): string | undefined {
  if (isAsked(rule)) return undefined;
  if ("program" in rule && OPEN_PROGRAM.test(rule.program.replaceAll("{{", "")))
    return `${quote(rule.program)} stands for any program in a directory`;
  switch (rule.rule) {
    case "path-template":
      return templateWidth(rule.template);
    case "no-program-digest":
      return `the content of the program ${quote(rule.path)} would not count any more`;
    case "port-class":
      return portWidth(rule);
    case "host-class":
      return hostWidth(rule);
    case "value-class":
      return valueWidth(rule);
    default:
      return undefined;
  }
}

function portWidth({ from, to }: PortClassRule): string | undefined {
  if (from >= FIRST_FREE_PORT || from === to) return undefined;
  return `ports below ${FIRST_FREE_PORT} would count as others: ${from} to ${to}`;
}

function hostWidth({ network: text }: HostClassRule): string | undefined {
  const network = parseNetwork(text);
  const mapped = MAPPED.find((one) => overlap(one, network));
  const shortest =
    mapped === undefined ? SHORTEST_PREFIX[network.family] : 96 + SHORTEST_PREFIX.inet;
  if (network.prefix < shortest) return `${quote(text)} is more than a network of /${shortest}`;
  const secret = METADATA.find(
    ([, one]) => contains(network, one.bytes) && network.prefix < one.prefix,
  );
  if (secret !== undefined)
    return `${quote(text)} has ${secret[0]} in it, where clouds tell machines their secrets`;
  return undefined;
}

function valueWidth({ hook, syscall, member }: ValueClassRule): string | undefined {
  const fine = hook === "syscall" ? HARMLESS_OF_CALLS.get(syscall ?? "") : HARMLESS.get(hook);
  if (fine?.has(member) === true) return undefined;
  const what = syscall === undefined ? hook : `${hook} ${quote(syscall)}`;
  return `${quote(member)} of ${what} says what is allowed, not how much`;
}
