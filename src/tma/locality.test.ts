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

  it("may be a Sancho device, with the form that its events have", () => {
    const device = parseLocality("sancho:/dev/ttyS1,ask=all,settle=70,events=json");
    const wanted = { kind: "sancho", device: "/dev/ttyS1", events: "json", ask: "all" };
    assert.deepEqual(device, { ...wanted, settleMs: 70 });
    for (const text of ["sancho:/dev/ttyS1", "sancho:/dev/ttyS1,events=json,ask=all,settle=0"]) {
      assert.equal(localityText(parseLocality(text)), text);
    }
    assert.throws(() => parseLocality("sancho:/dev/ttyS1", "/k"), { message: /has no keys/ });
  });

  it("may be here while a fleet is asked, and waited for or not", () => {
    for (const [text, withinMs] of [
      ["remote:", 500],
      ["remote:,deadline=20ms", 20],
      ["remote:,async", 0],
    ] as const) {
      assert.deepEqual(parseLocality(text), { kind: "remote", withinMs });
      assert.equal(localityText({ kind: "remote", withinMs }), text);
    }
    assert.deepEqual(parseLocality("remote:,deadline=2s"), { kind: "remote", withinMs: 2_000 });
    assert.throws(() => parseLocality("remote:", "/k"), { message: /the daemon has the key/ });
  });

  it("is given no key of a device unless it is one: nobody would look at it", () => {
    for (const text of ["in-process", "wasm", "process", "vm", "serial:mps2-an385"]) {
      const message = /--tma-key goes with serial:\/dev\/DEVICE/;
      assert.throws(() => parseLocality(text, "/k"), { code: "BAD_OPTION", message });
    }
  });

  for (const [text, message] of [
    ["sancho:", /name the port of the device/],
    ["sancho:xen", /name the port of the device/],
    ["sancho:/dev/ttyS1,settle=1s", /settle=MILLISECONDS/],
    ["sancho:/dev/ttyS1,__proto__=1", /the options are/],
    ["sancho:/dev/ttyS1,events=xml", /the options are events=flat or json/],
    ["sancho:/dev/ttyS1,ask=new,ask=all", /the options are events=flat or json/],
    ["remote:,deadline=0ms", /the options are deadline=500ms/],
    ["remote:,deadline=6s", /1ms to 5000ms/],
    ["remote:,async,deadline=1s", /or async/],
    ["remote://fleet", /there is no such place/],
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
