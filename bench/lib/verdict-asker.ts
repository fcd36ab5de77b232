// SPDX-License-Identifier: Apache-2.0
// A thread that asks the daemon's door for verdicts, as one that decides does, and measures each answer (ms).
import { parentPort, workerData } from "node:worker_threads";
import { openDoorTo } from "../../src/tma/places/verdict-door.ts";

interface Order {
  readonly socket: string;
  readonly model: string;
  readonly behaviours: readonly string[];
}

const { socket, model, behaviours } = workerData as Order;
const WITHIN_MS = 5_000;
const door = openDoorTo({
  way: "fleet",
  socket,
  withinMs: WITHIN_MS,
  model,
  run: "bench",
  name: "bench",
});

function asked(): number[] {
  return behaviours.map((coefficient) => {
    const began = performance.now();
    const { verdict, why } = door.ask({ coefficient, words: "opens a file for reading", pid: 1 });
    if (verdict !== "allow") throw new Error(`no verdict: ${why ?? verdict}`);
    return performance.now() - began;
  });
}

const first = asked();
const known = asked();
door.close();
parentPort?.postMessage({ asked: first, known });
