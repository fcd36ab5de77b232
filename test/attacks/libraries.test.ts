// SPDX-License-Identifier: Apache-2.0
// Attacks with code that a learned program loads: shared libraries and modules, swapped or put before the right ones.
import { chmodSync, copyFileSync, mkdirSync, renameSync } from "node:fs";
import { describe, it, type TestContext } from "node:test";
import { lacks } from "../workloads/workplace.ts";
import { Arena, build, cannot } from "./harness.ts";

const NAME = "libanswer.so";
const shared = ["-shared", "-fPIC"];

interface Libraries {
  readonly arena: Arena;
  readonly program: string;
  readonly evil: string;
}

/** A program with its library in lib/, and an evil one of the same name in evil/. */
function libraries(t: TestContext): Libraries {
  const arena = new Arena(t);
  for (const folder of ["lib", "evil"]) mkdirSync(arena.path(folder));
  const good = build("library-good", { source: "library", flags: shared });
  const evil = build("library-evil", { source: "library", flags: [...shared, "-DEVIL"] });
  copyFileSync(good, arena.path("lib", NAME));
  copyFileSync(evil, arena.path("evil", NAME));
  const folder = arena.path("lib");
  const link = [`-L${folder}`, "-lanswer", `-Wl,-rpath,${folder}`, "-Wl,--enable-new-dtags"];
  const program = build(`uses-library-${process.hrtime.bigint()}`, {
    source: "uses-library",
    flags: link,
  });
  return { arena, program, evil: arena.path("evil", NAME) };
}

describe("another shared library", () => {
  for (const [variable, value] of [
    ["LD_PRELOAD", "evil/libanswer.so"],
    ["LD_AUDIT", "evil/libanswer.so"],
    ["LD_LIBRARY_PATH", "evil"],
  ] as const) {
    it(`is not loaded by ${variable}`, async (t) => {
      if (cannot(t)) return;
      const { arena, program, evil } = libraries(t);
      await arena.learn(["env", "NOTHING=", program]);
      const command = ["env", `${variable}=${arena.path(value)}`, program];
      await arena.attacked(command, [{ hook: "file_open", names: evil }]);
    });
  }

  it("is not loaded in place of the right one", async (t) => {
    if (cannot(t)) return;
    const { arena, program, evil } = libraries(t);
    await arena.learn([program]);
    copyFileSync(evil, arena.path("lib/new"));
    chmodSync(arena.path("lib/new"), 0o755);
    renameSync(arena.path("lib/new"), arena.path("lib", NAME));
    await arena.attacked([program], [{ hook: "file_open", names: arena.path("lib", NAME) }]);
  });

  it("is not loaded by the program itself", async (t) => {
    if (cannot(t)) return;
    const { arena, program, evil } = libraries(t);
    await arena.learn([program]);
    await arena.attacked([program, evil], [{ hook: "file_open", names: evil }]);
  });
});

describe("another module of a script language", () => {
  it("is not loaded by PYTHONPATH", async (t) => {
    if (lacks(t, "python3")) return;
    const arena = new Arena(t);
    mkdirSync(arena.path("evil"));
    arena.write("evil/colorsys.py", "print('HARM another module was loaded')\n");
    const command = ["python3", "-B", "-S", "-c", "import colorsys; print('imported')"];
    await arena.learn(["env", "NOTHING=", ...command]);
    const evil = arena.path("evil");
    await arena.attacked(
      ["env", `PYTHONPATH=${evil}`, ...command],
      [{ hook: "file_open", names: evil }],
    );
  });

  it("is not run from a folder that comes first in PATH", async (t) => {
    const arena = new Arena(t);
    mkdirSync(arena.path("evil"));
    const evil = arena.write("evil/wc", "#!/bin/sh\necho HARM another program ran\n", 0o755);
    const command = ["sh", "-c", "wc -c allowed; true"];
    await arena.learn(["env", "NOTHING=", ...command]);
    await arena.attacked(
      ["env", `PATH=${arena.path("evil")}:${arena.env["PATH"]}`, ...command],
      [{ hook: "file_open", names: evil }],
    );
  });
});
