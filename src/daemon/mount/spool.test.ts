// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { aFile, anEvent } from "../../../test/helpers/events.ts";
import { writeRecord } from "../../event/index.ts";
import { MAX_READ_BYTES } from "./limits.ts";
import type { NamespaceSource } from "./source.ts";
import { RecordSpool } from "./spool.ts";

it("a spool that was closed writes nothing into the next file with its descriptor", async () => {
  const folder = mkdtempSync(join(tmpdir(), "galgo-spool-"));
  let come = (): void => undefined;
  const coming = new Promise<void>((resolve) => {
    come = resolve;
  });
  let given = 0;
  const line = writeRecord(anEvent("file_open", { file: aFile("/srv/file") }));
  const source: Pick<NamespaceSource, "records"> = {
    async *records() {
      await coming;
      for (; given < MAX_READ_BYTES / 100; given += 1) yield line;
    },
  };
  try {
    const before = openSync(join(folder, "before"), "w");
    closeSync(before);
    const spool = new RecordSpool({
      source: source as NamespaceSource,
      id: "1",
      kind: "trajectory",
    });
    const caught = spool.catchUp();
    spool.close();
    const next = openSync(join(folder, "next"), "w");
    assert.equal(next, before, "the descriptor is used again");
    come();
    await caught;
    closeSync(next);
    assert.equal(readFileSync(join(folder, "next"), "utf8"), "");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
