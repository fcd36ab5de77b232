// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { CommandJournal } from "./journal.ts";
import { MAX_REMEMBERED } from "./limits.ts";

const T = 1_700_000_000_000;
const YEAR_MS = 365 * 86_400_000;

describe("the journal of commands", () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "galgo-journal-"));
    file = join(folder, "commands.jsonl");
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("knows a command again after the clock was a year ahead and came back", () => {
    const first = new CommandJournal(file);
    first.take("a", T + 60_000, T);
    first.finish("a");
    first.close();
    // the daemon is started while the clock is wrong, takes something, and is started again
    const ahead = new CommandJournal(file);
    ahead.take("b", T + YEAR_MS + 60_000, T + YEAR_MS);
    ahead.close();
    const again = new CommandJournal(file);
    assert.ok(again.has("a"));
    assert.deepEqual(again.unfinished(), ["b"]);
    again.close();
  });

  it("forgets what has expired when there is no room, the oldest first, and nothing that is in force", () => {
    const line = (id: string, expires: number): string => `${JSON.stringify({ id, expires })}\n`;
    const old = Array.from({ length: MAX_REMEMBERED - 1 }, (_, i) => line(`old${i}`, T + i));
    writeFileSync(file, [line("valid", T + YEAR_MS), ...old].join(""));
    const journal = new CommandJournal(file);
    journal.take("new", T + YEAR_MS, T + YEAR_MS / 2);
    assert.deepEqual(
      ["valid", "new", "old0", `old${MAX_REMEMBERED - 2}`].map((id) => journal.has(id)),
      [true, true, false, true],
    );
    const lines = readFileSync(file, "utf8").trimEnd().split("\n");
    assert.ok(lines.length < MAX_REMEMBERED);
    journal.close();
  });

  it("takes nothing when all that it remembers is in force", () => {
    const lines = Array.from({ length: MAX_REMEMBERED }, (_, i) =>
      JSON.stringify({ id: `id${i}`, expires: T + YEAR_MS }),
    );
    writeFileSync(file, `${lines.join("\n")}\n`);
    const journal = new CommandJournal(file);
    assert.throws(() => journal.take("one-more", T + YEAR_MS, T), { code: "FULL" });
    journal.close();
  });
});
