// SPDX-License-Identifier: Apache-2.0
// Rules from parts that differ between runs: contents of data, ports from 1024 on, addresses of one network, values that say nothing. What differs
// and gets no rule is told with the reason.
import { quote } from "../../../base/quote.ts";
import type { FileId } from "../../../event/cell/file.ts";
import type { SockAddr } from "../../../event/cell/socket.ts";
import type { SecurityEvent } from "../../../event/event.ts";
import { describeEvent } from "../../../event/index.ts";
import { isProgramUse } from "../../rules/file-use.ts";
import { addressBytes, contains, type Network, printNetwork } from "../../rules/network.ts";
import { printRule } from "../../rules/rule-text.ts";
import { ADDRESS_USES, type AddressUse, type OwnRule } from "../../rules/rules.ts";
import type { Frame, PartValue } from "./frames.ts";
import type { Met } from "./met.ts";

/** A rule that a frame asks for, with the values it rests on; or why there is none. */
export type Proposal = {
  /** One of the behaviours. */
  readonly event: SecurityEvent;
  /** Indexes of the runs that differ. */
  readonly runs: readonly number[];
} & (
  | { readonly rule: OwnRule; readonly values: readonly ProposedValue[] }
  | { readonly refused: string }
);

export interface ProposedValue {
  readonly text: string;
  readonly runs: ReadonlySet<number>;
}

const FIRST_FREE_PORT = 1024;
/** Ports from here on are one already (rule `ephemeral-port`). */
const FIRST_EPHEMERAL = 32_768;
const LAST_PORT = 65_535;
const PREFIXES = { inet: 24, inet6: 64 } as const;
const EXECUTABLE = 0o111;
/** What interpreters read as programs. */
const SCRIPT =
  /\.(?:[cm]?[jt]s|[jt]sx|py|pyc|sh|bash|pl|pm|rb|php|lua|tcl|awk|jar|class|so(?:\.[0-9.]+)?|node|wasm)$/;

/** @param frames of `met` */
export function* proposalsOf(frames: readonly Frame[], met: Met): Generator<Proposal> {
  for (const frame of frames) {
    const [first] = frame.changing;
    const behaviour = first?.behaviours[0];
    if (first === undefined || behaviour === undefined) continue;
    const runs = [...new Set(frame.changing.flatMap((value) => [...value.runs]))].sort();
    const answer = answerTo(frame, behaviour.event, met);
    const { event } = behaviour;
    const values = frame.changing.map((value) => ({
      text: textOf(frame, value),
      runs: value.runs,
    }));
    if (typeof answer === "string") yield { refused: answer, event, runs };
    else yield { rule: answer, values, event, runs };
  }
}

function answerTo(frame: Frame, event: SecurityEvent, met: Met): OwnRule | string {
  switch (frame.kind) {
    case "content":
      return contentRule(frame, event, met);
    case "port":
      return portRule(frame, event, met);
    case "address":
      return hostRule(frame, event, met);
    case "value":
      return valueRule(frame, event, met);
  }
}

function contentRule(
  { member, changing }: Frame,
  event: SecurityEvent,
  met: Met,
): OwnRule | string {
  const raw = changing[0]?.behaviours[0]?.occurrences[0]?.raw ?? event;
  const file = (raw.cell as unknown as Readonly<Record<string, FileId>>)[member];
  if (file === undefined) return "its record has no file";
  const path = met.profile.nameOf(file.path, raw);
  const option = optionFor({ rule: "no-digest", path });
  if (isProgramUse(event.hook, file.flags)) {
    return `the content of a program or library differs from run to run, which no rule is made of; build it the same each time, or say ${optionFor({ rule: "no-program-digest", path })}`;
  }
  if ((file.inode.mode & EXECUTABLE) !== 0 || SCRIPT.test(path))
    return `the content of a file that may be run as a program differs from run to run; say ${option} if it is data`;
  if (/\p{Cs}/u.test(path)) return "its name is no text";
  return { rule: "no-digest", path };
}

function optionFor(rule: OwnRule): string {
  return `--rule ${quote(printRule(rule) ?? "")}`;
}

/** The use of an address that rules know, and the program that has it. */
function useOf(event: SecurityEvent, met: Met): { use: AddressUse; program: string } | string {
  const use = ADDRESS_USES.find((one) => one === event.hook);
  if (use === undefined) return `no rule is for addresses of ${event.hook}`;
  const program = programOf(event, met);
  return program === undefined ? "the acting program is not known" : { use, program };
}

function programOf({ task }: SecurityEvent, met: Met): string | undefined {
  return met.programOf(task.taskId);
}

/** Port in host order. */
export function portOf(use: string, addr: SockAddr): number {
  if (addr.family !== "inet" && addr.family !== "inet6") return 0;
  const { port } = addr;
  return use === "socket_accept" ? port : ((port & 0xff) << 8) | (port >> 8);
}

/** From the last stable port below to the first above, of those that nobody needs a right for. */
function portRule(frame: Frame, event: SecurityEvent, met: Met): OwnRule | string {
  const found = useOf(event, met);
  if (typeof found === "string") return found;
  const ports = frame.changing.flatMap((value) => portsOf(value, found.use));
  const least = Math.min(...ports);
  const most = Math.max(...ports);
  if (least < FIRST_FREE_PORT)
    return `ports below ${FIRST_FREE_PORT} differ from run to run; give it a fixed port, or ask for a class with --rule ports:...`;
  const stable = stablePorts(met, found);
  const from = Math.max(
    FIRST_FREE_PORT,
    ...stable.filter((port) => port < least).map((p) => p + 1),
  );
  const end = most < FIRST_EPHEMERAL ? FIRST_EPHEMERAL - 1 : LAST_PORT;
  const to = Math.min(end, ...stable.filter((port) => port > most).map((p) => p - 1));
  return { rule: "port-class", ...scope(found), from, to };
}

function scope({ use, program }: { use: AddressUse; program: string }): {
  readonly program: string;
  readonly use: AddressUse;
} {
  return { program, use };
}

function portsOf({ behaviours }: PartValue, use: string): readonly number[] {
  return behaviours.map(({ event }) => portOf(use, addressOf(event)));
}

function addressOf(event: SecurityEvent): SockAddr {
  const { addr } = event.cell as { readonly addr?: SockAddr };
  return addr ?? { family: "unix", address: "" };
}

/** Ports that every run used in this way. */
function stablePorts(met: Met, { use, program }: { use: AddressUse; program: string }): number[] {
  const all = new Map<number, Set<number>>();
  const everyone = new Set<number>();
  for (const { event, runs } of met.behaviours.values()) {
    for (const run of runs) everyone.add(run);
    const { family } = event.hook === use ? addressOf(event) : { family: "unix" };
    if (family === "unix" || family === "other" || programOf(event, met) !== program) continue;
    const port = portOf(use, addressOf(event));
    const seen = all.get(port) ?? new Set<number>();
    for (const run of runs) seen.add(run);
    all.set(port, seen);
  }
  return [...all].flatMap(([port, seen]) => (seen.size === everyone.size ? [port] : []));
}

/** One network of usual size that holds all addresses. */
function hostRule(frame: Frame, event: SecurityEvent, met: Met): OwnRule | string {
  const found = useOf(event, met);
  if (typeof found === "string") return found;
  const addresses = frame.changing.flatMap(({ behaviours }) =>
    behaviours.map((behaviour) => addressOf(behaviour.event)),
  );
  const [first] = addresses;
  if (first === undefined || (first.family !== "inet" && first.family !== "inet6"))
    return "no rule is for such addresses";
  const prefix = PREFIXES[first.family];
  const bytes = addressBytes(first.address);
  const cut = bytes.map((byte, i) => (i < prefix / 8 ? byte : 0));
  const network: Network = { family: first.family, bytes: cut, prefix };
  const inside = addresses.every(
    (addr) =>
      (addr.family === "inet" || addr.family === "inet6") &&
      addr.family === first.family &&
      contains(network, addressBytes(addr.address)),
  );
  if (!inside)
    return `addresses differ from run to run and are not of one network (/${prefix}); ask for the network that is meant with --rule hosts:...`;
  return { rule: "host-class", ...scope(found), network: printNetwork(network) };
}

function valueRule({ member }: Frame, event: SecurityEvent, met: Met): OwnRule | string {
  const program = programOf(event, met);
  if (program === undefined) return "the acting program is not known";
  const { hook } = event;
  const call = hook === "syscall" ? { syscall: event.syscall } : {};
  return { rule: "value-class", program, hook, ...call, member };
}

function textOf({ kind }: Frame, { part, behaviours }: PartValue): string {
  const [first] = behaviours;
  if (first === undefined || kind === "content" || kind === "value") return part.value;
  const addr = addressOf(first.event);
  if (kind === "port") return String(portOf(first.event.hook, addr));
  if (addr.family !== "inet" && addr.family !== "inet6") return part.value;
  const { family } = addr;
  const prefix = family === "inet" ? 32 : 128;
  const text = printNetwork({ family, bytes: addressBytes(addr.address), prefix });
  return text.slice(0, text.lastIndexOf("/"));
}

/** What a behaviour is, in words, for what is told of it. */
export function wordsOf(event: SecurityEvent): string {
  return describeEvent(event);
}
