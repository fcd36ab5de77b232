// SPDX-License-Identifier: Apache-2.0
// Instants of a namespace while another thread decides as fast as it can: nothing in one of them belongs to another one.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import {
  behaviour,
  behavioursOf,
  type DecidingLoad,
  lossesOf,
} from "../../../test/helpers/deciding-load.ts";
import { BUILTIN_PROFILES, createModel } from "../../model/runtime/index.ts";
import { createTma, nodeHasher } from "../../tma/index.ts";
import type { TmaSpec } from "../../tma/index.ts";
import { newHeartbeatBuffer } from "../heartbeat.ts";
import type { RunMode } from "../run-record.ts";
import { startThread } from "../../native/start-thread.ts";
import type { WorkerSetup } from "../worker-protocol.ts";
import { createMirror, type Mirror, type NamespaceInstant } from "./mirror.ts";
import { openLivePoints } from "./open-points.ts";

/** With the last one something is lost: that is published although nothing follows. */
const EVENTS = 30_002;
const BASE = "b5".repeat(32);

const SPEC: TmaSpec = {
  mapping: "tsem-v4",
  digest: "sha256",
  profile: BUILTIN_PROFILES.exact,
  base: BASE,
  points: ["01".repeat(32), "02".repeat(32)],
  pseudonyms: [],
  sealed: false,
};

/** Coefficients in the order of discovery. */
function pointsOf(spec: TmaSpec): string[] {
  const agent = createTma(spec);
  const found = behavioursOf(EVENTS);
  const all = Array.from({ length: found }, (_, at) => agent.coefficient(behaviour(at)));
  return [...spec.points, ...all];
}

function start(t: TestContext, mode: RunMode): { mirror: Mirror; ended: Promise<unknown> } {
  const folder = mkdtempSync(join(tmpdir(), "galgo-load-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const tma = { ...SPEC, sealed: mode !== "free" };
  const { points, link, transfer } = openLivePoints(tma);
  const files = ["trajectory", "forensics", "unreadable", "processes"] as const;
  const [trajectory = "", forensics = "", unreadable = "", processes = ""] = files.map((name) =>
    join(folder, name),
  );
  const setup: WorkerSetup = {
    ...{ heartbeat: newHeartbeatBuffer(), mode, onViolation: "observe", tma, shared: link },
    ...{ stateRoot: folder, trajectory, forensics, unreadable, processes },
  };
  const mirror = createMirror({ ...setup, points });
  t.after(() => mirror.close());
  const work: DecidingLoad = { setup, events: EVENTS };
  const module = new URL("../../../test/helpers/deciding-load.ts", import.meta.url);
  const thread = startThread(module, { workerData: work, transferList: [...transfer] });
  const ended = once(thread, "exit").then(([code]) => assert.equal(code, 0));
  return { mirror, ended };
}

/** Every value follows from the number of events. */
function check(instant: NamespaceInstant, mode: RunMode, all: readonly string[]): void {
  const { events, points, violations, lost, sealed, state, measurement, base } = instant;
  const found = behavioursOf(events);
  assert.equal(points, SPEC.points.length + found);
  assert.equal(violations, mode === "free" ? 0 : found);
  assert.ok(lost === lossesOf(events) || lost === lossesOf(events - 1), `${lost} of ${events}`);
  assert.equal(sealed, mode !== "free");
  assert.equal(base, BASE);
  const model = createModel({ hasher: nodeHasher("sha256"), base: BASE });
  for (const coefficient of all.slice(0, points)) model.load(coefficient);
  assert.equal(state, model.state());
  assert.equal(measurement, model.measurement());
}

/** Reads instants until the thread has ended. @returns how many different ones there were */
async function follow(
  { mirror, ended }: { readonly mirror: Mirror; readonly ended: Promise<unknown> },
  look: (instant: NamespaceInstant) => void,
): Promise<number> {
  let over = false;
  const end = ended.finally(() => {
    over = true;
  });
  const seen = new Set<number>();
  for (let last = 0, turns = 0; !over; turns++) {
    const instant = turns % 2 === 0 ? await mirror.instant() : mirror.latest();
    assert.ok(instant.events >= last, "it never goes back");
    last = instant.events;
    seen.add(last);
    // without points it has not begun
    if (instant.points > 0) look(instant);
    await turn();
  }
  await end;
  return seen.size;
}

describe("an instant of a namespace under load", () => {
  for (const mode of ["free", "detect"] as const)
    it(`has counts, losses, state and measurement that belong together (${mode})`, async (t) => {
      const all = pointsOf(SPEC);
      const load = start(t, mode);
      const seen = await follow(load, (instant) => check(instant, mode, all));
      const last = await load.mirror.instant();
      check(last, mode, all);
      assert.deepEqual([last.events, last.lost], [EVENTS, lossesOf(EVENTS)]);
      assert.ok(seen > 5, `${seen} different instants were seen`);
    });
});
