// SPDX-License-Identifier: Apache-2.0
// `galgo report`: where the page goes, what is said about it, and what is said when there can be none.
import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { Place } from "./galgo.ts";

describe("galgo report", () => {
  const place = new Place();
  after(() => place.remove());
  before(async () => {
    const { status, stderr } = await place.galgo("run", "--name", "job", "--", "true");
    assert.equal(status, 0, stderr);
  });

  it("writes a page for its owner, and says what is in it", async () => {
    const { status, stdout, stderr } = await place.galgo(
      "report",
      "job",
      "-o",
      "job.html",
      "--json",
    );
    assert.equal(status, 0, stderr);
    const said = JSON.parse(stdout) as { report: string; bytes: number; behaviours: number };
    const page = readFileSync(place.path("job.html"));
    assert.deepEqual([said.report, said.bytes], ["job.html", page.length]);
    assert.ok(said.behaviours > 0);
    assert.equal(statSync(place.path("job.html")).mode & 0o777, 0o600);
    assert.match(stderr, /job\.html: \d+ behaviours, 0 violations/);
    assert.match(
      page.toString(),
      /Content-Security-Policy" content="default-src 'none'; script-src 'sha256-/,
    );
  });

  it("writes to stdout when asked to", async () => {
    const { status, stdout } = await place.galgo("report", "job", "-o", "-");
    assert.equal(status, 0);
    assert.match(stdout, /^<!doctype html>[\s\S]*<\/html>\s*$/);
  });

  for (const [name, args, message] of [
    ["nobody ran it", ["nobody", "-o", "x.html"], /no run named nobody/],
    ["it has nowhere to go", ["job", "-o", "/proc/nowhere/x.html"], /can not write .*-o FILE/],
    ["nobody says where it goes", ["job"], /--output/],
  ] as const) {
    it(`says why there is no page: ${name}`, async () => {
      const { status, stderr, stdout } = await place.galgo("report", ...args);
      assert.equal(status, 125);
      assert.equal(stdout, "");
      assert.match(stderr, message);
    });
  }
});
