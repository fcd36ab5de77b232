// SPDX-License-Identifier: Apache-2.0
// A workload whose model is kept elsewhere: the same model and state in all places, a violation refused in each, and an agent that is
// killed, lied about or silent never lets the workload go on and never leaves it waiting.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { createInterface } from "node:readline";
import { describe, it, type TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import {
  endsFailing,
  gatedPlace,
  GATED,
  GALGO_FAILED,
  halfway,
  openGate,
} from "../helpers/gated-workload.ts";
import { lacks, type Outcome, type Workplace } from "../workloads/workplace.ts";

const PLACES: readonly (readonly [place: string, needs: readonly string[]])[] = [
  ["in-process", []],
  ["wasm", []],
  ["process", []],
  ["vm", ["qemu-system-x86_64"]],
  ["serial:mps2-an385", ["qemu-system-arm", "arm-none-eabi-gcc"]],
];
const BOARD = "mps2-an385";
/** What the workload does behind its gate. */
const LAST = "grep banana fruits.txt";

/** Firmware is built where the command looks for it. */
async function built(place: Workplace, where: string): Promise<void> {
  if (!where.startsWith("serial:")) return;
  const { status, stderr } = await place.galgo("tma", "build", "--tma", where);
  assert.equal(status, 0, stderr);
}

function tma(where: string, key?: string): { options: readonly string[] } {
  return { options: ["--tma", where, ...(key === undefined ? [] : ["--tma-key", key])] };
}

/** Children of Galgo whose program is an agent or its machine. */
function agentsOf(galgo: number): number[] {
  const isAgent = (pid: string): boolean => {
    const name = readFileSync(`/proc/${pid}/comm`, "utf8");
    return /qemu|galgo-tma|^4\n|memfd/.test(name);
  };
  return readdirSync(`/proc/${galgo}/task`)
    .flatMap((tid) => readFileSync(`/proc/${galgo}/task/${tid}/children`, "utf8").split(" "))
    .filter((pid) => pid !== "" && isAgent(pid))
    .map(Number);
}

/** Waits until a process that is no child of ours has ended. */
async function gone(pid: number): Promise<void> {
  while (existsSync(`/proc/${pid}/stat`)) await pause(10);
}

describe("a model that is kept elsewhere", () => {
  it("is the same in every place, learned in one and enforced in all others", async (t) => {
    const place = gatedPlace(t, LAST);
    const states = new Map<string, string>();
    for (const [where, needs] of PLACES) {
      if (needs.length > 0 && lacks(t, ...needs)) return;
      await built(place, where);
      await place.learn(GATED, { ...tma(where), meanwhile: () => openGate(place) });
      states.set(where, JSON.parse(readFileSync(place.model, "utf8")).spec.state);
    }
    assert.equal(new Set(states.values()).size, 1, JSON.stringify([...states]));
    for (const [where] of PLACES) {
      await place.repeat(GATED, { ...tma(where), meanwhile: () => openGate(place) });
      const { tma: kept } = place.record();
      assert.equal(kept?.place, where === "in-process" ? undefined : where);
      assert.match(kept?.codeDigest ?? "0".repeat(64), /^[0-9a-f]{64}$/);
    }
  });

  for (const [where, needs] of PLACES) {
    it(`refuses what is new: ${where}`, async (t) => {
      if (needs.length > 0 && lacks(t, ...needs)) return;
      const place = gatedPlace(t, LAST);
      await built(place, where);
      await place.learn(GATED, { ...tma("process"), meanwhile: () => openGate(place) });
      const asked = where === "in-process" ? where : `${where},ask=all`;
      const { stdout } = await place.refused(GATED, /\/etc\/shadow/, {
        ...tma(asked),
        meanwhile: () => openGate(place),
        env: { READ: "/etc/shadow" },
      });
      assert.match(stdout, /banana\n$/);
    });
  }
});

describe("evidence of a run whose model is kept elsewhere", () => {
  it("names the place and the code, and a verifier takes those that it knows", async (t) => {
    const place = gatedPlace(t, LAST);
    await place.learn(GATED, { meanwhile: () => openGate(place) });
    const made = await place.galgo("key", "new", "-o", place.path("host.pem"), "--type", "p256");
    assert.equal(made.status, 0, made.stderr);
    const nonce = "5a".repeat(32);
    const evidence = place.path("evidence.jwt");
    const attest = [
      "--attest-key",
      place.path("host.pem"),
      "--evidence",
      evidence,
      "--nonce",
      nonce,
    ];
    await place.repeat(GATED, {
      options: [...tma("process").options, ...attest],
      meanwhile: () => openGate(place),
    });
    const code = place.record().tma?.codeDigest ?? "";
    const { modelState, name } = place.record();
    const verdict = async (terms: object): Promise<Outcome> => {
      const rule = {
        names: [name],
        keys: ["host"],
        reference: { states: [modelState] },
        platform: { none: true },
        ...terms,
      };
      const publicKey = place.read("host.pub.pem");
      const policy = {
        apiVersion: "galgo.dev/v1",
        kind: "VerifierPolicy",
        keys: [{ name: "host", publicKey }],
        workloads: [rule],
      };
      place.write("policy.json", JSON.stringify(policy));
      return place.galgo(
        "verify",
        evidence,
        "--policy",
        place.path("policy.json"),
        "--nonce",
        nonce,
      );
    };
    const known = await verdict({ localities: ["process"], agents: [code] });
    assert.equal(known.status, 0, known.stdout + known.stderr);
    const otherCode = await verdict({ localities: ["process"], agents: ["00".repeat(32)] });
    const otherPlace = await verdict({ localities: ["vm"] });
    const unasked = await verdict({});
    for (const refused of [otherCode, otherPlace, unasked]) {
      assert.equal(refused.status, 1, refused.stderr);
      assert.match(refused.stdout + refused.stderr, /WRONG_TMA/);
    }
  });
});

describe("Galgo is killed with SIGKILL", () => {
  for (const [where, needs] of PLACES.filter(([name]) => name === "process" || name === "vm")) {
    it(`and neither the workload nor the agent is left: ${where}`, async (t) => {
      if (needs.length > 0 && lacks(t, ...needs)) return;
      const place = gatedPlace(t, LAST);
      await place.learn(GATED, { meanwhile: () => openGate(place) });
      const half = await halfway(place, tma(where).options);
      const { pid = 0 } = half.running.process;
      const [agent = 0] = agentsOf(pid);
      assert.ok(agent > 0);
      half.running.process.kill("SIGKILL");
      await half.running.ended;
      await gone(agent);
    });
  }
});

describe("an agent that fails in the middle of an enforced run", () => {
  for (const [where, needs] of PLACES.filter(([name]) => !/in-process|wasm/.test(name))) {
    it(`killed with SIGKILL: the workload is killed, and it is said: ${where}`, async (t) => {
      if (needs.length > 0 && lacks(t, ...needs)) return;
      const place = gatedPlace(t, LAST);
      await built(place, where);
      await place.learn(GATED, { meanwhile: () => openGate(place) });
      const half = await halfway(place, tma(where).options);
      const agents = agentsOf(half.running.process.pid ?? 0);
      assert.equal(agents.length, 1);
      for (const pid of agents) process.kill(pid, "SIGKILL");
      await endsFailing(half, /the agent in .* is gone/);
    });
  }
});

/** A board behind a serial port, with somebody on the wire. */
class Wire {
  readonly port: Promise<string>;
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(t: TestContext, firmware: string) {
    const helper = new URL("../helpers/serial-wire.py", import.meta.url).pathname;
    this.#child = spawn("python3", [helper, BOARD, firmware], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    assert.ok(this.#child.stdout);
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
    this.port = this.#line();
    t.after(async () => {
      this.#child.stdin?.end();
      if (this.#child.exitCode === null) await once(this.#child, "exit");
    });
  }

  async say(word: "honest" | "damage" | "forge" | "silence" | "kill"): Promise<void> {
    this.#child.stdin?.write(`${word}\n`);
    assert.equal(await this.#line(), "done");
  }

  async #line(): Promise<string> {
    const { value, done } = await this.#lines.next();
    assert.ok(done !== true);
    return value;
  }
}

describe("a board behind a serial port, with its own key", () => {
  const NEEDS = ["qemu-system-arm", "arm-none-eabi-gcc", "python3"];

  async function provisioned(
    t: TestContext,
  ): Promise<{ place: Workplace; wire: Wire; options: readonly string[] }> {
    const place = gatedPlace(t, LAST);
    const [firmware, key] = [place.path("firmware.elf"), place.path("board.key")];
    const words = [
      "tma",
      "provision",
      "--tma",
      `serial:${BOARD}`,
      "-o",
      firmware,
      "--tma-key",
      key,
    ];
    const { status, stderr } = await place.galgo(...words);
    assert.equal(status, 0, stderr);
    const wire = new Wire(t, firmware);
    const { options } = tma(`serial:${await wire.port}`, key);
    return { place, wire, options };
  }

  it("learns and enforces, also when bytes are damaged on the way", async (t) => {
    if (lacks(t, ...NEEDS)) return;
    const { place, wire, options } = await provisioned(t);
    await place.learn(GATED, { options, meanwhile: () => openGate(place) });
    await wire.say("damage");
    await place.repeat(GATED, { options, meanwhile: () => openGate(place) });
    assert.equal(
      place.record().tma?.codeDigest,
      undefined,
      "what runs there is not seen from here",
    );
    const tested = await place.galgo("tma", "test", ...options, "--rounds", "20");
    assert.equal(tested.status, 0, tested.stdout + tested.stderr);
  });

  for (const [word, why] of [
    [
      "forge",
      /gave no answer in time \(\d+ damaged frames and [1-9]\d* messages that are not authentic came\)/,
    ],
    ["silence", /gave no answer in time/],
    ["kill", /is gone/],
  ] as const) {
    it(`never lets the workload go on: ${word}`, async (t) => {
      if (lacks(t, ...NEEDS)) return;
      const { place, wire, options } = await provisioned(t);
      await place.learn(GATED, { meanwhile: () => openGate(place) });
      const half = await halfway(place, options);
      await wire.say(word);
      await endsFailing(half, why);
    });
  }

  it("with another key gives no answer, and nothing is started", async (t) => {
    if (lacks(t, ...NEEDS)) return;
    const { place, options } = await provisioned(t);
    place.write("other.key", `${"ab".repeat(32)}\n`, 0o600);
    const words = [...options.slice(0, 3), place.path("other.key")];
    const { status, stdout, stderr } = await place.galgo("run", ...words, "--", "echo", "started");
    assert.equal(status, GALGO_FAILED);
    assert.equal(stdout, "");
    assert.match(stderr, /the agent behind \/dev\/pts\/\d+ gave no answer in time/);
  });
});
