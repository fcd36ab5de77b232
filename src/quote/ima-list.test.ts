// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { realList } from "../../test/helpers/real-ima.ts";
import { ImaListError, type ImaListErrorCode, readMeasurementList } from "./ima-list.ts";

describe("the kernel's measurement list", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "galgo-ima-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const put = (bytes: Uint8Array): void =>
    writeFileSync(join(folder, "binary_runtime_measurements"), bytes);
  const refused = (run: () => unknown, code: ImaListErrorCode, message: RegExp): void => {
    assert.throws(run, (error) => {
      assert.ok(error instanceof ImaListError, String(error));
      assert.equal(error.code, code);
      assert.match(error.message, message);
      return true;
    });
  };

  it("is read whole, also when it is longer than one reading", () => {
    const list = realList("6.12-ima-sig").lists.get("binary_sha1");
    assert.ok(list);
    put(list);
    assert.deepEqual(readMeasurementList(folder), list);
    const long = Buffer.concat(Array.from({ length: 90 }, () => list));
    assert.ok(long.length > 600_000);
    put(long);
    assert.deepEqual(Buffer.from(readMeasurementList(folder)), long);
  });

  it("is refused whole when it is more than evidence carries", () => {
    put(new Uint8Array(1001));
    assert.equal(readMeasurementList(folder, 1001).length, 1001);
    refused(() => readMeasurementList(folder, 1000), "TOO_LARGE", /more than 1000 bytes/);
  });

  it("says why there is none", () => {
    refused(() => readMeasurementList(folder), "NO_IMA", /no measurement list/);
    put(new Uint8Array());
    refused(() => readMeasurementList(folder), "EMPTY", /measured nothing/);
    mkdirSync(join(folder, "x", "binary_runtime_measurements"), { recursive: true });
    refused(() => readMeasurementList(join(folder, "x")), "FAILED", /EISDIR/);
  });
});
