// SPDX-License-Identifier: Apache-2.0
// The table is consistent with itself, with the handlers, with the vocabulary of events, and with the kernel's headers.
import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { HOOK_NAMES, isHookName } from "../../event/index.ts";
import { SYSCALL_NAMES, numberOf } from "./arch.ts";
import { seccompFidelity } from "./fidelity.ts";
import { HANDLERS } from "./handlers/index.ts";
import { REFUSED_CALLS, TABLE } from "./table.ts";

const ARGUMENTS = 6;
const HANDLER_FOLDER = new URL("./handlers/", import.meta.url);
const HEADERS = [
  { machine: "x64", file: "/usr/include/x86_64-linux-gnu/asm/unistd_64.h" },
  { machine: "arm64", file: "/usr/include/asm-generic/unistd.h" },
] as const;
/** The names that the generic header has for calls whose 64-bit form is the plain one. */
const GENERIC_3264: Readonly<Record<string, string>> = {
  fcntl: "fcntl",
  truncate: "truncate",
  ftruncate: "ftruncate",
  mmap: "mmap",
};

test("each call has one row", () => {
  const names = TABLE.map(({ syscall }) => syscall);
  assert.deepEqual(
    names.filter((name, index) => names.indexOf(name) !== index),
    [],
  );
  for (const refused of REFUSED_CALLS) assert.ok(!names.some((name) => name === refused));
});

test("positions and conditions name arguments that exist", () => {
  for (const { syscall, at, args = [], when = [] } of TABLE) {
    const positions = [...Object.values(at), ...args, ...when.map(({ arg }) => arg)];
    for (const position of positions) {
      assert.ok(Number.isInteger(position) && position >= 0 && position < ARGUMENTS, syscall);
    }
  }
});

test("positions of one row are different arguments", () => {
  for (const { syscall, at } of TABLE) {
    const positions: number[] = Object.values(at);
    assert.equal(new Set(positions).size, positions.length, syscall);
  }
});

test("each hook is in the vocabulary", () => {
  for (const { syscall, hook } of TABLE) assert.ok(hook === "none" || isHookName(hook), syscall);
});

test("each handler is used", () => {
  const used = new Set<string>(TABLE.map(({ handler }) => handler));
  assert.deepEqual(
    Object.keys(HANDLERS).filter((name) => !used.has(name)),
    [],
  );
});

test("rows whose calls are described by their arguments name them", () => {
  for (const { syscall, hook, handler, args } of TABLE) {
    if (hook === "syscall" && handler === "plain") assert.ok(args !== undefined, syscall);
  }
});

/** Hooks that one handler's text asks decisions for. */
function hooksOf(text: string): string[] {
  const asked = Array.from(text.matchAll(/[rR]efusal\(\s*"(\w+)"/g), ([, hook = ""]) => hook);
  const chosen = Array.from(text.matchAll(/\? "(\w+)" : "(\w+)"/g), ([, one = "", other = ""]) => [
    one,
    other,
  ]);
  const hooks = [...asked, ...chosen.flat().filter(isHookName)];
  return text.includes("syscallRefusal(") ? [...hooks, "syscall"] : hooks;
}

function hooksOfHandlers(): Set<string> {
  const files = readdirSync(HANDLER_FOLDER).filter((name) => /(?<!\.test)\.ts$/.test(name));
  return new Set(
    files.flatMap((name) => hooksOf(readFileSync(new URL(name, HANDLER_FOLDER), "utf8"))),
  );
}

test("what is declared to be seen is what handlers decide on", () => {
  const { sees } = seccompFidelity([]);
  assert.deepEqual([...hooksOfHandlers()].sort(), [...sees]);
});

test("fidelity: everything seen is held, in the order of names, and in the vocabulary", () => {
  const { sensor, sees, holds, absent, features } = seccompFidelity(["z", "a"]);
  assert.equal(sensor, "seccomp");
  assert.deepEqual(holds, sees);
  assert.deepEqual([...sees].sort(), [...sees]);
  assert.deepEqual(
    sees.filter((hook) => !HOOK_NAMES.includes(hook)),
    [],
  );
  assert.ok(absent.length > 0);
  assert.deepEqual(features, ["a", "z"]);
});

/** "#define __NR_openat 257", "#define __NR3264_fcntl 25". */
function numbersOf(file: string): Map<string, number> {
  const text = readFileSync(file, "utf8");
  const lines = text.matchAll(/^#define __NR(3264)?_(\w+) (\d+)$/gm);
  return new Map(Array.from(lines, ([, , name = "", number = ""]) => [name, Number(number)]));
}

for (const { machine, file } of HEADERS) {
  const skip = existsSync(file) ? false : `needs ${file}`;
  test(`${machine}: numbers are those of the kernel's header`, { skip }, () => {
    const header = numbersOf(file);
    for (const name of SYSCALL_NAMES) {
      const number = numberOf(name, machine);
      const known = header.get(GENERIC_3264[name] ?? name);
      // the header may be older than the call
      if (known !== undefined) assert.equal(number, known, name);
    }
  });
}
