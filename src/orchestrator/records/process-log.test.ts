// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { MAX_PROCESS_LINES } from "../limits.ts";
import { ProcessLog } from "./process-log.ts";

describe("the account of processes", () => {
  it("has a line for each begin, exec and end, fit for any reader", (t) => {
    const folder = mkdtempSync(join(tmpdir(), "galgo-processes-"));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const path = join(folder, "processes.jsonl");
    const log = new ProcessLog(path);
    const who = { pid: 7, ppid: 1, process: "a\u2028\u202eb", taskId: "00", untrusted: false };
    log.seen({ what: "start", ...who, ts: 5n });
    log.execed({ pid: 7, process: "cat", taskId: "11", ts: 6n });
    log.seen({ what: "end", ...who, untrusted: true, ts: 9n });
    log.close();
    const text = readFileSync(path, "utf8");
    assert.doesNotMatch(text, /[\u2028\u202e]/);
    const lines = text.trimEnd().split("\n");
    const first = { what: "start", at: "5", pid: 7, ppid: 1, name: "a\u2028\u202eb", task: "00" };
    assert.deepEqual(
      lines.map((line) => JSON.parse(line) as unknown),
      [
        { ...first, untrusted: false },
        { what: "exec", at: "6", pid: 7, name: "cat", task: "11" },
        { ...first, what: "end", at: "9", untrusted: true },
      ],
    );
  });

  it("says how many lines it did not keep", (t) => {
    const folder = mkdtempSync(join(tmpdir(), "galgo-processes-"));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const path = join(folder, "processes.jsonl");
    const log = new ProcessLog(path);
    for (let pid = 0; pid < MAX_PROCESS_LINES + 3; pid++)
      log.execed({ pid, process: "x", taskId: "", ts: 0n });
    log.close();
    const lines = readFileSync(path, "utf8").trimEnd().split("\n");
    assert.equal(lines.length, MAX_PROCESS_LINES + 1);
    assert.deepEqual(JSON.parse(lines.at(-1) ?? ""), { what: "cut", lines: 3 });
  });
});
