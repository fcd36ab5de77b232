// SPDX-License-Identifier: Apache-2.0
// What an agent in a process of its own can not do, by what the kernel says of it.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { parseLocality } from "../locality.ts";
import type { ModelAgent } from "../model-agent.ts";
import { LINK, type Place } from "./place.ts";
import { readyPlace } from "./ready.ts";
import { startAgent } from "./start.ts";

const RSS_KB = 2_048;
const SECCOMP_STRICT = "1";

function withProcess(place: string, act: (pid: number, agent: ModelAgent) => void): void {
  const ready = readyPlace(parseLocality(place));
  assert.ok(ready);
  const agent = startAgent(ready);
  try {
    act(Number(/(\d+)$/.exec(agent.name)?.[1]), agent);
  } finally {
    agent.close();
  }
}

function status(pid: number): Map<string, string> {
  const lines = readFileSync(`/proc/${pid}/status`, "utf8").split("\n");
  return new Map(lines.map((line) => [line.split(":")[0] ?? "", line.split(":")[1]?.trim() ?? ""]));
}

describe("an agent in a process of its own", () => {
  it("may read, write and end; has one descriptor, no new rights, and no user's name when root starts it", () => {
    withProcess("process", (pid) => {
      const now = status(pid);
      assert.equal(now.get("Seccomp"), SECCOMP_STRICT);
      assert.equal(now.get("NoNewPrivs"), "1");
      assert.deepEqual(readdirSync(`/proc/${pid}/fd`), ["0"]);
      if (process.getuid?.() !== 0) return;
      const uids = (now.get("Uid") ?? "").split("\t").map(Number);
      assert.ok(
        uids.every((uid) => uid >= 61_184 && uid <= 65_519),
        now.get("Uid"),
      );
      assert.equal(now.get("Groups"), "");
      assert.match(now.get("CapEff") ?? "", /^0+$/);
    });
  });

  it("stays small, full of points too", () => {
    withProcess("process", (pid, agent) => {
      agent.load(
        Array.from({ length: agent.capacity }, (_, i) => i.toString(16).padStart(64, "0")),
      );
      agent.state();
      const rss = Number.parseInt(status(pid).get("VmRSS") ?? "", 10);
      assert.ok(rss <= RSS_KB, `${rss} kB`);
    });
  });

  it("is gone when it is closed", () => {
    let started = 0;
    withProcess("process", (pid) => {
      started = pid;
    });
    assert.throws(() => process.kill(started, 0), { code: "ESRCH" });
  });
});

describe("an agent in a machine", () => {
  it("runs under QEMU's own sandbox, as nobody when root starts it", () => {
    withProcess("vm", (pid) => {
      const now = status(pid);
      assert.equal(now.get("Seccomp"), "2");
      assert.equal(now.get("NoNewPrivs"), "1");
      if (process.getuid?.() === 0) assert.match(now.get("CapEff") ?? "", /^0+$/);
    });
  });
});

describe("an agent that can not be had", () => {
  function ready(text: string): Place {
    const place = readyPlace(parseLocality(text));
    assert.ok(place);
    return place;
  }

  it("in WebAssembly, because its code has changed since it was looked at", () => {
    const other = { ...ready("wasm"), codeDigest: "00".repeat(32) };
    assert.throws(() => startAgent(other), { code: "NOT_STARTED", message: /has changed/ });
  });

  for (const [what, change, message] of [
    [
      "that can not shut itself in",
      { args: [LINK, "nobody"] },
      /--tma process: the agent could not shut itself in/,
    ],
    [
      "whose machine does not start",
      { program: "/bin/false" },
      /--tma vm: its program ended with status 1/,
    ],
    [
      "whose machine is no program",
      { program: "/dev/null" },
      /--tma vm: its program can not be executed/,
    ],
  ] as const) {
    it(`${what}: it is said, and nothing of it is left`, () => {
      const place = ready("program" in change ? "vm" : "process");
      assert.ok(place.start.way === "spawn");
      const held = (): string[] => [
        ...readdirSync("/proc/self/fd"),
        readFileSync("/proc/thread-self/children", "utf8"),
      ];
      const before = held();
      const start = { ...place.start, ...change };
      assert.throws(() => startAgent({ ...place, start }), { code: "NOT_STARTED", message });
      assert.deepEqual(held(), before);
    });
  }
});
