// SPDX-License-Identifier: Apache-2.0
// The programs of the kernel side that need no hook to run: any kernel with BPF takes them.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import fc from "fast-check";
import { noBpf } from "../../../test/helpers/bpf-programs.ts";
import { makeIterator, runProgram, taskParameters } from "../../native/bpf-link.ffi.ts";
import type { BpfMap } from "../../native/bpf-map.ffi.ts";
import { BpfObject } from "../../native/bpf-object.ffi.ts";
import { builtObject } from "./built.ts";
import { CONFIG, KEY_REQUEST, Limit, MARK, WHO } from "./layout.gen.ts";
import { sipHash128 } from "./siphash.ts";

const RUN = ["galgo_key", "galgo_mark"];
const missing = existsSync(builtObject()) ? false : "the programs are not built";

describe("programs that user space runs", { skip: noBpf ?? missing }, () => {
  let object: BpfObject;
  before(() => {
    object = BpfObject.open(builtObject());
    for (const program of object.programs) program.setAutoload(RUN.includes(program.name));
    object.load();
  });
  after(() => {
    object.close();
  });

  it("galgo_key: the key of a description is the hash that user space makes of it", () => {
    const config = object.map("galgo_config").open();
    const { fd } = object.program("galgo_key");
    const half = fc.integer({ min: 0, max: 0xffff_ffff });
    const key = fc.array(half, { minLength: 4, maxLength: 4 });
    const least = WHO.bytes / 4;
    const description = fc.array(half, { minLength: least, maxLength: 2 * Limit.keyWords });
    fc.assert(
      fc.property(key, description, (k, halves) => {
        const words = Math.floor(halves.length / 2);
        const value = Buffer.alloc(CONFIG.bytes);
        for (const [at, part] of k.entries()) value.writeUInt32LE(part, CONFIG.at.key + 4 * at);
        config.set(0, value);
        const request = Buffer.alloc(KEY_REQUEST.bytes);
        request.writeBigUInt64LE(BigInt(words), KEY_REQUEST.at.words);
        for (let at = 0; at < 2 * words; at++) {
          request.writeUInt32LE(halves[at] ?? 0, KEY_REQUEST.at.description + 4 * at);
        }
        assert.equal(runProgram(fd, request), 0);
        const turns = Math.ceil(words / Limit.turn) * Limit.turn;
        const padded = new Uint32Array(2 * turns);
        padded.set(halves.slice(0, 2 * words));
        const out = new Uint32Array(4);
        sipHash128(Uint32Array.from(k), padded, turns, out);
        const { key: at } = KEY_REQUEST.at;
        assert.deepEqual(
          [...out],
          [0, 4, 8, 12].map((offset) => request.readUInt32LE(at + offset)),
        );
      }),
    );
    config.close();
  });

  it("galgo_mark: the threads of a process, each once", async () => {
    // a thread beside the first one, which says when it runs
    const script =
      'new (require("node:worker_threads").Worker)("process.stdout.write(\'x\');setInterval(()=>{},1e6)",{eval:true})';
    const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
    const request = object.map("galgo_mark_request").open();
    try {
      await once(child.stdout, "data");
      const mark = (): { marked: number; failed: number } =>
        passOver(object, request, { tgid: child.pid ?? 0, slot: 1, serial: 1 });
      const { marked, failed } = mark();
      assert.ok(marked >= 2, `${marked} threads`);
      assert.equal(failed, 0);
      assert.deepEqual(mark(), { marked: 0, failed: 0 });
    } finally {
      request.close();
      child.kill("SIGKILL");
      await once(child, "exit");
    }
  });

  it("galgo_mark: nobody where nobody is meant", () => {
    const request = object.map("galgo_mark_request").open();
    const nobody = passOver(object, request, { tgid: 0x7fff_ffff, slot: 1, serial: 1 });
    assert.deepEqual(nobody, { marked: 0, failed: 0 });
    request.close();
  });
});

function passOver(
  object: BpfObject,
  request: BpfMap,
  { tgid, slot, serial }: { tgid: number; slot: number; serial: number },
): { marked: number; failed: number } {
  const value = Buffer.alloc(MARK.bytes);
  value.writeUInt32LE(tgid, MARK.at.tgid);
  value.writeUInt32LE(slot, MARK.at.slot);
  value.writeUInt32LE(serial, MARK.at.serial);
  request.set(0, value);
  const iterator = makeIterator(object.program("galgo_mark").fd, taskParameters());
  iterator.iterate();
  iterator.close();
  request.get(0, value);
  return {
    marked: value.readUInt32LE(MARK.at.marked),
    failed: value.readUInt32LE(MARK.at.failed),
  };
}
