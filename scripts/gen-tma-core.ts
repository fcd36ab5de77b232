// SPDX-License-Identifier: Apache-2.0
// Writes tma-core/generated: the agent's core (AssemblyScript) as WebAssembly, and as C for the places without it, once for each size.
// With --check: only says, by its exit status, whether they are fresh. The C needs wasm2c (apt: wabt); without it only the rest is checked.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

const ROOT = resolve(import.meta.dirname, "..");
const CORE = join(ROOT, "tma-core");

/** capacity: points; input: bytes of the longest message. `host` for processes and machines, the others for boards with as much memory. */
const SIZES = {
  host: { capacity: 32_768, input: 4_096 },
  board: { capacity: 2_048, input: 1_024 },
  small: { capacity: 256, input: 512 },
} as const;

type Size = keyof typeof SIZES;

/** What of the platform's WebAssembly is used: Node has it, its types of this version have not. */
interface Wasm {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (
    module: object,
    imports: object,
  ) => { readonly exports: Readonly<Record<string, () => number>> };
}

function run(program: string, args: readonly string[], cwd: string): void {
  const { status, error, stderr } = spawnSync(program, args, { cwd, encoding: "utf8" });
  if (status !== 0) throw new Error(`${program}: ${error?.message ?? stderr}`);
}

function wasmOf(size: Size, file: string): void {
  const { capacity, input } = SIZES[size];
  const uses = [`CAPACITY=${capacity}`, `INPUT_BYTES=${input}`].flatMap((use) => ["--use", use]);
  const asc = join(ROOT, "node_modules/.bin/asc");
  run(
    asc,
    ["assembly/index.ts", ...uses, "--runtime", "stub", "--noAssert", "-O3", "-o", file],
    CORE,
  );
}

/** What C code needs to know of the core's memory. */
function sizesHeader(wasm: string): string {
  const { Module, Instance } = (globalThis as unknown as { readonly WebAssembly: Wasm })
    .WebAssembly;
  const core = new Instance(new Module(readFileSync(wasm)), {}).exports;
  const lines = [
    "// Made by scripts/gen-tma-core.ts.",
    "// Bytes of linear memory that the core uses, and of its longest message.",
    `#define CORE_MEMORY_BYTES ${core["memoryBytes"]?.()}`,
    `#define CORE_INPUT_BYTES ${core["inputSize"]?.()}`,
  ];
  return `${lines.join("\n")}\n`;
}

/** Files by their name below tma-core/generated. */
function generate(): Map<string, Buffer> {
  const made = new Map<string, Buffer>();
  const folder = mkdtempSync(join(tmpdir(), "galgo-tma-core-"));
  const hasWasm2c = spawnSync("wasm2c", ["--version"]).status === 0;
  if (!hasWasm2c) console.error("not checked: C of the core (wasm2c is missing; apt: wabt)");
  try {
    for (const size of Object.keys(SIZES) as Size[]) {
      const wasm = join(folder, "tma.wasm");
      wasmOf(size, wasm);
      if (size === "host") made.set("tma.wasm", readFileSync(wasm));
      made.set(`${size}/sizes.h`, Buffer.from(sizesHeader(wasm)));
      if (!hasWasm2c) continue;
      run("wasm2c", ["tma.wasm", "-n", "tma_core", "-o", "core.c"], folder);
      for (const name of ["core.c", "core.h"]) {
        made.set(`${size}/${name}`, readFileSync(join(folder, name)));
      }
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  return made;
}

const files = generate();
const target = (name: string): string => join(CORE, "generated", name);
if (process.argv.includes("--check")) {
  for (const [name, content] of files) {
    if (existsSync(target(name)) && readFileSync(target(name)).equals(content)) continue;
    console.error(`${target(name)} is stale: node --import tsx scripts/gen-tma-core.ts`);
    process.exitCode = 1;
  }
} else {
  for (const [name, content] of files) {
    mkdirSync(dirname(target(name)), { recursive: true });
    writeFileSync(target(name), content);
  }
}
