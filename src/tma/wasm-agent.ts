// SPDX-License-Identifier: Apache-2.0
// The core as WebAssembly in the thread that asks: the same bytes that the other places run as C.
import { AgentError } from "./agent-errors.ts";
import type { ModelAgent } from "./model-agent.ts";
import { DIGEST_BYTES, verdictOf } from "./protocol.ts";
import type { AgentCounts, EventBytes, Verdict } from "./protocol.ts";

/** What the module exports (tma-core/assembly/index.ts). */
interface Core {
  readonly memory: { readonly buffer: ArrayBuffer };
  input(): number;
  inputSize(): number;
  output(): number;
  capacity(): number;
  reset(): void;
  load_points(count: number): number;
  aggregate(): number;
  base(): number;
  seal(): void;
  update(): number;
  event(name: number, ids: number, coe: number, cell: number): number;
  measurement(): number;
  state(): number;
  points(): number;
  invalidPoints(): number;
  verdicts(): number;
}

/** What of the platform's WebAssembly is used: Node has it, its types of this version have not. */
interface Wasm {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
}

/** @param module its bytes. @param file they are of, for errors. @throws AgentError NOT_STARTED when it is none */
export function createWasmAgent(module: Uint8Array, file: string): ModelAgent {
  try {
    const { Module, Instance } = (globalThis as unknown as { readonly WebAssembly: Wasm })
      .WebAssembly;
    return new WasmModel(new Instance(new Module(module), {}).exports as Core);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new AgentError("NOT_STARTED", `${file}: the agent's core can not be loaded: ${why}`, {
      cause,
    });
  }
}

class WasmModel implements ModelAgent {
  readonly name = "the agent in WebAssembly";
  readonly capacity: number;
  readonly #core: Core;
  readonly #input: Buffer;
  readonly #output: Buffer;

  constructor(core: Core) {
    this.#core = core;
    this.capacity = core.capacity();
    this.#input = Buffer.from(core.memory.buffer, core.input(), core.inputSize());
    this.#output = Buffer.from(core.memory.buffer, core.output(), DIGEST_BYTES);
    core.reset();
  }

  load(coefficients: readonly string[]): void {
    const most = this.#input.length / DIGEST_BYTES;
    for (let from = 0; from < coefficients.length; from += most) {
      const part = coefficients.slice(from, from + most);
      this.#input.write(part.join(""), "hex");
      if (this.#core.load_points(part.length) === 1) continue;
      const problem = `${this.name} does not take ${coefficients.length} behaviours: it has room for ${this.capacity}`;
      throw new AgentError("FULL", `${problem}, and takes none when its model is sealed`);
    }
  }

  setAggregate(hex: string): boolean {
    this.#input.write(hex, "hex");
    return this.#core.aggregate() === 1;
  }

  setBase(hex: string): boolean {
    this.#input.write(hex, "hex");
    return this.#core.base() === 1;
  }

  seal(): void {
    this.#core.seal();
  }

  update(coefficient: string): Verdict {
    this.#input.write(coefficient, "hex");
    return verdictOf(this.#core.update());
  }

  event({
    name,
    ids,
    coe,
    cell,
  }: EventBytes): { verdict: Verdict; coefficient: string } | undefined {
    if (name.length + ids.length + coe.length + cell.length > this.#input.length) return undefined;
    let at = 0;
    for (const part of [name, ids, coe, cell]) {
      this.#input.set(part, at);
      at += part.length;
    }
    const verdict = this.#core.event(name.length, ids.length, coe.length, cell.length);
    return { verdict: verdictOf(verdict), coefficient: this.#output.toString("hex") };
  }

  state(): string {
    return this.#digest(this.#core.state());
  }

  measurement(): string {
    return this.#digest(this.#core.measurement());
  }

  counts(): AgentCounts {
    const core = this.#core;
    // a WebAssembly number of 32 bits comes with a sign
    const [points, invalid, verdicts] = [core.points(), core.invalidPoints(), core.verdicts()];
    return { points: points >>> 0, invalid: invalid >>> 0, verdicts: verdicts >>> 0 };
  }

  reset(): void {
    this.#core.reset();
  }

  close(): void {
    this.#core.reset();
  }

  #digest(there: number): string {
    if (there !== 1) {
      throw new AgentError(
        "FULL",
        `${this.name} has no such value: a behaviour found no room in it`,
      );
    }
    return this.#output.toString("hex");
  }
}
