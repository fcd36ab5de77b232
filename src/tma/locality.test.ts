// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BOARDS, localityText, parseLocality } from "./locality.ts";

describe("a place for a model, as people write it", () => {
  const boards = Object.entries(BOARDS).filter(([, { emulated }]) => emulated);
  for (const text of [
    "in-process",
    "wasm",
    "process",
    "vm",
    ...boards.map(([name]) => `serial:${name}`),
  ]) {
    it(`is read and written: ${text}`, () => {
      assert.equal(localityText(parseLocality(text)), text);
    });
  }

  it("is asked about each event when that is said", () => {
    assert.deepEqual(parseLocality("process,ask=all"), { kind: "process", ask: "all" });
    assert.equal(localityText(parseLocality("vm,ask=all")), "vm,ask=all");
    assert.equal(localityText(parseLocality("vm,ask=new")), "vm");
  });

  it("may be a device, with its key", () => {
    const device = parseLocality("serial:/dev/ttyACM0", "/k");
    assert.deepEqual(device, { kind: "device", device: "/dev/ttyACM0", keyFile: "/k", ask: "new" });
  });

  for (const [text, message] of [
    ["", /there is no such place; say in-process, wasm, process, vm, serial:BOARD/],
    ["sgx", /--tma sgx: there is no such place/],
    ["serial:", /there is no such place/],
    ["serial:arduino", /no such board; there is firmware for mps2-an385/],
    ["serial:toString", /no such board/],
    ["serial:nrf52840", /QEMU has no such machine; name its device/],
    ["serial:/dev/ttyACM0", /needs --tma-key FILE: galgo tma provision/],
    ["process,ask=some", /the only option is ask=all/],
    ["process,ask=all,ask=all", /the only option is ask=all/],
    ["in-process,ask=all", /in-process has no options/],
  ] as const) {
    it(`is refused with advice: ${text || "(nothing)"}`, () => {
      assert.throws(() => parseLocality(text), { code: "BAD_OPTION", message });
    });
  }
});
