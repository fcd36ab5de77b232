// SPDX-License-Identifier: Apache-2.0
// make of a C program of 20 files with gcc, one job and two.
// What varied between runs: names of gcc's temporary files (/tmp/ccXXXXXX.s, rule created-class) and the order of jobs, which a model
// does not look at.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { describe, it } from "node:test";
import { lacks, Workplace } from "./workplace.ts";

const FILES = 20;
const NUMBERS = Array.from({ length: FILES - 1 }, (_, i) => i + 1);
const MAKEFILE = `OBJECTS := $(patsubst %.c,%.o,$(sort $(wildcard *.c)))
program: $(OBJECTS)
\tgcc -o $@ $^
%.o: %.c all.h
\tgcc -O1 -c -o $@ $<
`;

function sources(place: Workplace): void {
  place.write("Makefile", MAKEFILE);
  place.write("all.h", NUMBERS.map((n) => `int f${n}(int);\n`).join(""));
  for (const n of NUMBERS)
    place.write(`f${n}.c`, `#include "all.h"\nint f${n}(int x) { return x + ${n}; }\n`);
  const calls = NUMBERS.map((n) => `  x = f${n}(x);\n`).join("");
  place.write(
    "main.c",
    `#include <stdio.h>\n#include "all.h"\nint main(void) {\n  int x = 0;\n${calls}  printf("%d\\n", x);\n  return 0;\n}\n`,
  );
}

describe("make of a C program of 20 files", () => {
  it("is repeated with one job and with two; refused to build something else", async (t) => {
    if (lacks(t, "make", "gcc", "ld")) return;
    const place = new Workplace(t);
    const build = () => place.world(() => sources(place));
    const sum = `${(FILES * (FILES - 1)) / 2}\n`;
    build();
    await place.learn(["make"]);
    assert.equal(place.prepare("./program"), sum);
    for (const command of [["make"], ["make", "-j2"]]) {
      build();
      await place.repeat(command);
      assert.equal(place.prepare("./program"), sum);
    }

    // a source that was not there: gcc may be run, and may read the others
    build();
    place.write("g.c", "int g(void) { return 0; }\n");
    await place.refused(["make"], /^1: .*\/cc1 opens .*\/g\.c for reading \[denied\]/);
    assert.equal(existsSync(place.path("program")), false);

    // another program under the name of one that was learned
    build();
    const fake = place.write("bin/gcc", "#!/bin/sh\ntouch compiled\n", 0o755);
    place.own(place.path("bin"));
    const env = { PATH: `${place.path("bin")}:${place.env["PATH"]}` };
    await place.refused(["make"], /^1: \S*make runs .*\/work\/bin\/gcc \[denied\]/, { env });
    assert.ok(existsSync(fake));
    assert.equal(existsSync(place.path("compiled")), false);
  });

  it("may run what it built only while that is what it was", async (t) => {
    if (lacks(t, "make", "gcc", "ld")) return;
    const place = new Workplace(t);
    const build = (answer: number) =>
      place.world(() => {
        place.write("Makefile", "check: p\n\t./p\np:\n\tgcc -o p -x c - <&0\n");
        place.write("answer.c", `int main(void) { return ${answer} - 42; }\n`);
      });
    const source = (answer: number) => `int main(void) { return ${answer} - 42; }\n`;
    build(42);
    await place.learn(["make"], { stdin: source(42) });
    build(42);
    await place.repeat(["make"], { stdin: source(42) });
    build(42);
    // the same programs with another input make another program, and that one does not run
    await place.refused(["make"], /^1: \S*make runs .*\/work\/p \[denied\]/, {
      stdin: source(7),
    });
  });
});
