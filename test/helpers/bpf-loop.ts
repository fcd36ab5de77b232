// SPDX-License-Identifier: Apache-2.0
// An agent of the BPF sensor as a process of its own, for the tests of its loop. Says in JSON lines what its sink was told.
// Usage: bpf-loop.ts OBJECT FOLDER LOCK FLAGS [quiet | keep DIR | adopt DIR SLOT SERIAL]; its input ends when the workload is gone, or says
// that it is left. keep: another one can go on with the namespace; adopt: this one does.
import { writeSync } from "node:fs";
import { BpfMap, MAP_TYPE } from "../../src/native/bpf-map.ffi.ts";
import { type Anchor, startAnchor } from "../../src/sensor/bpf/anchor.ts";
import { toldEnd } from "../../src/orchestrator/bpf/programs-control.ts";
import { RunKeeping } from "../../src/orchestrator/bpf/keeping.ts";
import { adoptSlot, install } from "../../src/sensor/bpf/install.ts";
import { InternedSet } from "../../src/sensor/bpf/interned.ts";
import type { Gap } from "../../src/sensor/bpf/journal.ts";
import { NamespaceFlag } from "../../src/sensor/bpf/layout.gen.ts";
import { NamespaceView } from "../../src/sensor/bpf/namespace-slot.ts";
import { BpfRing } from "../../src/sensor/bpf/ring.ts";
import { BpfLoop } from "../../src/sensor/bpf/serve.ts";
import type { BpfDecision, BpfSink } from "../../src/sensor/bpf/sink.ts";
import type { SecurityEvent } from "../../src/event/index.ts";
import { TASK } from "./events.ts";
import { CASE, TellingDecoder } from "./telling-decoder.ts";

const RING_BYTES = 64 * 1024;
const [object = "", folder = "", lock = "", flags = "0", ...words] = process.argv.slice(2);
const [how, journal = "", ...place] = words;
const quiet = how === "quiet";
const adopts = how === "adopt";
const keeping =
  how === "keep" || adopts ? new RunKeeping(journal, adopts ? "resume" : "begin") : undefined;
keeping?.restored();
const kept = keeping?.agent;

function say(what: string, facts: Readonly<Record<string, unknown>> = {}): void {
  const plain = (_: string, value: unknown): unknown =>
    typeof value === "bigint" ? Number(value) : value;
  writeSync(1, `${JSON.stringify({ what, ...facts }, plain)}\n`);
}

function decided(event: SecurityEvent): BpfDecision {
  const [kind] = event.process.split(".").map(Number);
  if (kind === CASE.deny) return { action: "deny", discipline: false };
  if (kind === CASE.discipline) return { action: "deny", discipline: true };
  return { action: "allow", discipline: false, point: event.process };
}

const sink: BpfSink = {
  root: TASK,
  emptyDigest: "",
  wantsDigest: () => false,
  dependsOnProcess: () => false,
  forked: (parent) => parent,
  execed: (before) => before,
  decide: (event, untrusted) => {
    if (!quiet) say("decide", { key: event.process, untrusted });
    return decided(event);
  },
  happened: (event, how) => {
    say("happened", { key: event.process, ...how });
    return decided(event);
  },
  violated: () => ({ action: "allow", discipline: false }),
  lost: (reason, detail) => {
    say("lost", { reason, detail });
  },
  pointOf: () => undefined,
  repeated: (point, count) => {
    if (!quiet) say("repeated", { point, count });
  },
  answered: () => undefined,
};

const at = { object, place: { folder, lock } };
const installation = adopts
  ? await adoptSlot({ ...at, slot: Number(place[0]), serial: Number(place[1]) })
  : await install(at);
const rings = installation.map("galgo_rings");
const ringMap = (adopts ? ringInSlot() : undefined) ?? newRing();
const ring = new BpfRing(ringMap, keeping === undefined ? undefined : 0);
const agentJournal = keeping === undefined ? {} : { journal: keeping };
const history = {
  ...agentJournal,
  ...(kept === undefined ? {} : { kept, resumed: (gap: Gap) => say("resumed", { ...gap }) }),
};
const set = new InternedSet({
  sets: installation.map("galgo_sets"),
  slot: installation.slot,
  ...history,
});
const namespace = new NamespaceView(installation.map("galgo_namespaces"), installation.slot);
let stays = false;
const loop = new BpfLoop({
  ring,
  ringFd: ringMap.fd,
  set,
  namespace,
  decoder: new TellingDecoder(ring.words),
  sink,
  goneFd: 0,
  progress: { begin: () => undefined, end: () => undefined },
  stays: () => (stays = toldEnd(0) === "stays"),
  ...history,
});
const anchor: Anchor = await startAnchor(loop.answer);
namespace.setAnchor(anchor.pid, anchor.device.value);
if (adopts) loop.resume();
else namespace.raise(NamespaceFlag.active | Number(flags));
const { slot, serial } = installation;
say("ready", { folder: installation.folder, slot, serial, anchor: anchor.pid });
try {
  const stats = loop.run(anchor);
  if (!stays) say("end", { ...stats, counters: namespace.counters() });
} catch (error) {
  say("failed", { message: String(error) });
}
anchor.close();
if (stays) {
  set.leave();
  await installation.abandon();
  keeping?.close("kept");
  say("left");
} else {
  set.close();
  await installation.close();
}

function ringInSlot(): BpfMap | undefined {
  const id = rings.innerId(installation.slot);
  return id === undefined ? undefined : BpfMap.byId(id);
}

function newRing(): BpfMap {
  const made = BpfMap.create({
    name: "ring",
    type: MAP_TYPE.RINGBUF,
    keyBytes: 0,
    valueBytes: 0,
    maxEntries: RING_BYTES,
  });
  rings.setInner(installation.slot, made);
  return made;
}
