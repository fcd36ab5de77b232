// SPDX-License-Identifier: Apache-2.0
// The boundary checker finds what it must find, in small trees made here (check.test.ts runs it over the real one).
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { checkBoundaries } from "../../scripts/check-boundaries.ts";
import { importsOf } from "../../scripts/imports-of.ts";

const LAYERS = `
| stage | project | may import | must never |
|---|---|---|---|
| \`base\` | core | - | anything |
| \`model\` | core | \`base\` | do I/O |
| \`native\` | node | \`base\` | know \`model\` |
| \`sensor\` | node | \`base\`, \`native\` | know a \`model\` |
| \`cli\` | node | \`base\`, \`model\`, \`native\`, \`sensor\` | - |
| \`web\` | web | \`base\`, \`model\` | - |

| package | only in | for |
|---|---|---|
| \`koffi\` | \`native\` | shared objects |
| \`hashes\` | \`web\`, \`cli\` | digests |
`;

/** Checks a tree of `src` files (path under src -> text) and gives `at: message` lines. */
function check(src: Readonly<Record<string, string>>, architecture = LAYERS): readonly string[] {
  const root = mkdtempSync(join(tmpdir(), "galgo-boundaries-"));
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  try {
    write("ARCHITECTURE.md", architecture);
    const dependencies = { koffi: "1", zod: "1" };
    write("package.json", JSON.stringify({ dependencies, devDependencies: { hashes: "1" } }));
    write("tsconfig.core.json", JSON.stringify({ include: ["src/base", "src/model"] }));
    write(
      "tsconfig.node.json",
      JSON.stringify({ include: ["src/native", "src/sensor", "src/cli"] }),
    );
    write("tsconfig.web.json", JSON.stringify({ include: ["src/web"] }));
    write("src/base/errors.ts", "export const a: number = 1;\n");
    for (const [path, text] of Object.entries(src)) write(`src/${path}`, text);
    return checkBoundaries(root).map(({ at, message }) => `${at}: ${message}`);
  } finally {
    rmSync(root, { recursive: true });
  }
}

const faultCases: readonly [name: string, src: Record<string, string>, fault: RegExp][] = [
  [
    "an import that points down the table",
    { "base/x.ts": 'import { m } from "../model/m.ts";\n', "model/m.ts": "" },
    /^src\/base\/x\.ts:1: base must not import model/,
  ],
  [
    "a type that comes from a forbidden stage",
    { "sensor/x.ts": '\n\nimport type { M } from "../model/m.ts";\n', "model/m.ts": "" },
    /^src\/sensor\/x\.ts:3: sensor must not import model/,
  ],
  [
    "a forbidden stage in an import of several lines",
    { "sensor/x.ts": 'import {\n  a,\n  type B,\n} from "../model/m.ts";\n', "model/m.ts": "" },
    /sensor must not import model/,
  ],
  [
    "a forbidden stage that is re-exported",
    { "sensor/x.ts": 'export { a } from "../model/m.ts";\n', "model/m.ts": "" },
    /sensor must not import model/,
  ],
  [
    "a forbidden stage in a dynamic import",
    { "sensor/x.ts": 'const m = await import("../model/m.ts");\n', "model/m.ts": "" },
    /sensor must not import model/,
  ],
  [
    "a forbidden stage that is started as a thread",
    {
      "sensor/x.ts": 'new Worker(new URL("../model/m.ts", import.meta.url));\n',
      "model/m.ts": "",
    },
    /sensor must not import model/,
  ],
  [
    "a dynamic import that cannot be read",
    { "cli/x.ts": "await import(name);\n" },
    /needs a literal/,
  ],
  [
    "a value that does not come through the index",
    {
      "cli/x.ts": 'import { s } from "../sensor/s.ts";\n',
      "sensor/index.ts": "",
      "sensor/s.ts": "",
    },
    /through an index\.ts/,
  ],
  ["Node in the core", { "model/x.ts": 'import "node:fs";\n' }, /model must not import node:fs/],
  [
    "Node in the core without its prefix",
    { "model/x.ts": 'import { join } from "path";\n' },
    /write node:path/,
  ],
  [
    "koffi outside native",
    { "sensor/x.ts": 'import koffi from "koffi";\n' },
    /only native may import koffi/,
  ],
  [
    "a shared object loaded by Node outside native",
    { "sensor/x.ts": 'process.dlopen(module, "x.node");\n' },
    /only native may load/,
  ],
  [
    "a package that is not a dependency",
    { "cli/x.ts": 'import "left-pad/sub";\n' },
    /left-pad is not a dep/,
  ],
  [
    "a package that only a developer installs",
    { "cli/x.ts": 'import "hashes";\n' },
    /hashes is not a dep/,
  ],
  [
    "a package without a place in the table",
    { "cli/x.ts": 'import { z } from "zod";\n' },
    /zod is not in the package table/,
  ],
  ["a stage without a row", { "util/x.ts": "" }, /util is not in the layer table/],
  ["a source outside of every stage", { "x.ts": "" }, /x\.ts is not in the layer table/],
  ["an import that leaves src", { "cli/x.ts": 'import "../../scripts/y.ts";\n' }, /is outside src/],
  ["an import without .ts", { "cli/x.ts": 'import "../base/errors.js";\n' }, /imports carry \.ts/],
  [
    "a cycle of files",
    {
      "cli/a.ts": 'import { b } from "./b.ts";\n',
      "cli/b.ts": 'import { c } from "./c.ts";\n',
      "cli/c.ts": 'import { a } from "./a.ts";\n',
    },
    /import cycle: cli\/a\.ts -> cli\/b\.ts -> cli\/c\.ts -> cli\/a\.ts/,
  ],
];

const cleanCases: readonly [name: string, src: Record<string, string>][] = [
  ["a package that is bundled into a page", { "web/x.ts": 'import "hashes";\n' }],
  [
    "imports that point up, Node and koffi in their places",
    {
      "native/libc.ffi.ts": 'import koffi from "koffi";\nimport { join } from "node:path";\n',
      "sensor/s.ts":
        'import { c } from "../native/libc.ffi.ts";\nimport { a } from "../base/errors.ts";\n',
    },
  ],
  [
    "types taken directly past an index",
    {
      "cli/x.ts":
        'import type { S } from "../sensor/s.ts";\nimport { s } from "../sensor/index.ts";\n',
      "sensor/index.ts": 'export { s } from "./s.ts";\n',
      "sensor/s.ts": "",
    },
  ],
  [
    "a cycle of types, and one of a late import",
    {
      "cli/a.ts": 'import { b } from "./b.ts";\n',
      "cli/b.ts": 'import type { A } from "./a.ts";\nconst a = await import("./a.ts");\n',
    },
  ],
  [
    "a test that imports what it wants",
    { "model/m.test.ts": 'import "node:test";\nimport "x";\n' },
  ],
  [
    "imports that are only talked about",
    {
      "base/x.ts":
        '// import "../model/m.ts"\n/*\nimport "../model/m.ts";\n*/\nconst s = `import(x)`;\nconst r = /["`]/;\nconst t = "import(y)";\n',
    },
  ],
];

describe("the boundary check", () => {
  for (const [name, src, fault] of faultCases) {
    it(`reports ${name}`, () => {
      const faults = check(src);
      assert.equal(faults.length, 1, faults.join("\n"));
      assert.match(faults[0] ?? "", fault);
    });
  }
  for (const [name, src] of cleanCases) {
    it(`accepts ${name}`, () => assert.deepEqual(check(src), []));
  }

  it("reports a table that contradicts itself or the compiler's projects", () => {
    const table = LAYERS.replace(
      "| `model` | core | `base` |",
      "| `model` | node | `base`, `cli` |",
    );
    const faults = check(
      { "model/m.ts": "" },
      table.replace("| `koffi` | `native` |", "| `koffi` | `gone` |"),
    );
    assert.deepEqual(faults, [
      "ARCHITECTURE.md: model may import cli, which is not above it in the table",
      "ARCHITECTURE.md: model is compiled by core, the table says node",
      "ARCHITECTURE.md: package koffi: there is no stage gone",
    ]);
  });

  it("refuses to work without its table", () => {
    assert.throws(() => check({}, "# nothing here\n"), /no table with the columns stage, project/);
  });
});

describe("importsOf", () => {
  it("tells types from values and gives the line", () => {
    const text =
      'import type { A } from "./a.ts";\nimport { type B } from "./b.ts";\nexport type C = typeof import("./c.ts");\n';
    assert.deepEqual(
      importsOf(text).map(({ specifier, typeOnly, line }) => [specifier, typeOnly, line]),
      [
        ["./a.ts", true, 1],
        ["./b.ts", false, 2],
        ["./c.ts", true, 3],
      ],
    );
  });
});
