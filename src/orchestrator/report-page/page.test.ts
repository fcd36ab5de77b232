// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { ReportData } from "../../model/report/data.ts";
import { REPORT_FORMAT, REPORT_KINDS } from "../../model/report/index.ts";
import { DATA_MARK, reportPage, scriptJson, writeReportPage } from "./page.ts";

const HOSTILE = [
  "</script><script>alert(1)</script>",
  "<!-- <script>",
  "]]>&lt;&amp;",
  "\u2028\u2029\u0085\u009b31m",
  "\u202egnp.exe\u2066\u200f",
  "\u001b[2J\u0007\u0000",
  "\udc80 lone \ud800",
  "$& $` $' $1",
];

const EMPTY: ReportData = {
  format: REPORT_FORMAT,
  made: "2026-11-22T00:00:00.000Z",
  version: "0.0.0",
  name: "job",
  notices: [],
  programs: [],
  actors: [],
  behaviours: {
    of: "unknown",
    kinds: REPORT_KINDS,
    hooks: [],
    tests: [],
    rows: [],
    unnamed: 0,
    more: [],
  },
  processes: { of: "programs", spanMs: 0, rows: [], left: 0 },
  violations: { list: [], refused: [], left: 0 },
};

const TEMPLATE = `<head><title>Galgo report</title></head><body>${DATA_MARK}<script>run()</script></body>`;

describe("the data in a report page", () => {
  for (const text of HOSTILE) {
    it(`keeps ${JSON.stringify(text)} and lets nothing of it out`, () => {
      const json = scriptJson({ [text]: [text] });
      assert.doesNotMatch(json, /[<>&\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
      assert.deepEqual(JSON.parse(json), { [text]: [text] });
    });
  }

  it("stands in its place, whatever it holds", () => {
    const notices = HOSTILE;
    const page = reportPage(TEMPLATE, { ...EMPTY, notices, name: '</title><b>"x"' });
    const [, json = ""] = /id="data">([^<]*)<\/script>/.exec(page) ?? [];
    assert.deepEqual((JSON.parse(json) as ReportData).notices, notices);
    assert.equal(page.match(/<script/g)?.length, 2);
    assert.match(page, /<title>&#60;\/title&#62;&#60;b&#62;&#34;x&#34;: Galgo report<\/title>/);
  });

  it("is put into no page of another version", () => {
    for (const template of ["<html></html>", `${TEMPLATE}${DATA_MARK}`])
      assert.throws(() => reportPage(template, EMPTY), { code: "BAD_TEMPLATE" });
  });
});

describe("a report page that is written", () => {
  it("is its owner's only, and whole", (t) => {
    const folder = mkdtempSync(join(tmpdir(), "galgo-page-"));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const file = join(folder, "r.html");
    writeFileSync(file, "before");
    writeReportPage(file, "after");
    assert.equal(readFileSync(file, "utf8"), "after");
    assert.equal(statSync(file).mode & 0o777, 0o600);
  });

  it("is refused where it can not be", () => {
    assert.throws(() => writeReportPage("/proc/nowhere/r.html", ""), {
      code: "NOT_WRITABLE",
      message: /-o FILE/,
    });
  });
});
