// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it, type TestContext } from "node:test";
import { elfSizes } from "../../../test/helpers/elf.ts";
import { lacks } from "../../../test/workloads/workplace.ts";
import { buildImage, provisionImage } from "./build.ts";
import { readAgentKey } from "./key-file.ts";

const folder = mkdtempSync(join(tmpdir(), "galgo-tma-build-"));
after(() => rmSync(folder, { recursive: true }));
const at = (name: string): string => join(folder, name);

/** Sizes that the documents promise; sections as the linker has them. */
const FLASH_BYTES = 10_000;
const RAM_BYTES = 90_000;
const UNIKERNEL_BYTES = 20_000;
const STACK_BYTES = 2_048;

function lacksArm(t: TestContext): boolean {
  return lacks(t, "arm-none-eabi-gcc");
}

describe("images of the agent", () => {
  it("are the same each time, and small: a machine without an operating system", () => {
    const one = buildImage("vm", at("one"));
    assert.equal(buildImage("vm", at("two")).codeDigest, one.codeDigest);
    assert.ok(elfSizes(at("one")).inFile <= UNIKERNEL_BYTES);
  });

  for (const board of ["mps2-an385", "mps2-an505", "netduinoplus2", "nrf52840"] as const) {
    it(`fit: 2,048 coefficients on ${board}`, (t) => {
      if (lacksArm(t)) return;
      const { file } = buildImage(board, at(board));
      const { inFile: text, zeroed: bss } = elfSizes(file);
      assert.ok(text <= FLASH_BYTES, `${text} bytes of flash`);
      assert.ok(bss + STACK_BYTES <= RAM_BYTES, `${bss} bytes of memory`);
    });
  }

  it("can not be made over what is no file, and that is said", () => {
    assert.throws(() => buildImage("vm", "/proc/none/x"), /\/proc\/none/);
  });
});

describe("firmware with a key", () => {
  it("has the key that is written beside it, and both are secret", (t) => {
    if (lacksArm(t)) return;
    const image = buildImage("microbit", at("plain.elf")).file;
    provisionImage(image, at("own.elf"), at("own.key"));
    const key = readAgentKey(at("own.key"));
    const [plain, own] = [readFileSync(image), readFileSync(at("own.elf"))];
    const where = own.indexOf(key);
    assert.ok(where > 0);
    own.fill(0, where, where + key.length);
    assert.ok(own.equals(plain), "nothing else is changed");
    for (const file of [at("own.elf"), at("own.key")])
      assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.throws(
      () => provisionImage(at("own.elf"), at("x.elf"), at("x.key")),
      /has a key already/,
    );
    assert.throws(() => provisionImage(image, at("y.elf"), at("own.key")), /can not be written/);
  });

  it("leaves no key behind that is of no firmware", () => {
    writeFileSync(at("blank"), Buffer.concat([Buffer.from("galgo tma key 1\0"), Buffer.alloc(32)]));
    writeFileSync(at("there.elf"), "");
    const message = /there\.elf can not be written/;
    assert.throws(() => provisionImage(at("blank"), at("there.elf"), at("first.key")), { message });
    provisionImage(at("blank"), at("second.elf"), at("first.key"));
    assert.throws(() => provisionImage(at("blank"), at("same"), at("same")), /can not be written/);
    assert.ok(!existsSync(at("same")));
  });

  it("is not made of anything else", () => {
    writeFileSync(at("other"), "no firmware");
    assert.throws(
      () => provisionImage(at("other"), at("z.elf"), at("z.key")),
      /no firmware of Galgo's agent/,
    );
  });
});

describe("the key of an agent", () => {
  for (const [what, content, mode, message] of [
    ["that others may read", "ab".repeat(32), 0o644, /others may open this key; chmod 600/],
    ["that is too short", "ab".repeat(31), 0o600, /64 lower-case hex digits/],
    ["that is something else", "x".repeat(64), 0o600, /no key of an agent/],
  ] as const) {
    it(`is refused: one ${what}`, () => {
      writeFileSync(at("k"), content, { mode });
      assert.throws(() => readAgentKey(at("k")), { code: "BAD_OPTION", message });
      rmSync(at("k"));
    });
  }

  it("is refused when it is no file, whose end would never come", () => {
    execFileSync("mkfifo", ["-m", "600", at("fifo")]);
    for (const file of ["/dev/zero", at("fifo"), folder]) {
      assert.throws(() => readAgentKey(file), { code: "BAD_OPTION", message: /it is no file/ });
    }
  });

  it("is refused when there is none", () => {
    assert.throws(() => readAgentKey(at("nothing")), {
      code: "BAD_OPTION",
      message: /can not be read/,
    });
  });
});
