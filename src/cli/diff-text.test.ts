// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createColors } from "picocolors";
import { aFile, anEvent } from "../../test/helpers/events.ts";
import type {
  BehaviourDiff,
  Change,
  ModelComparison,
  ProgramChanges,
} from "../model/diff/index.ts";
import { describeEvent } from "../event/index.ts";
import { diffLines, linesMarkdown, linesText, MAX_SHOWN, summaryText } from "./diff-text.ts";

const plain = createColors(false);

function reads(path: string, changes: Partial<Change> = {}, mode = 0o100644): Change {
  const file = aFile(path, { inode: { ...aFile(path).inode, mode } });
  const example = anEvent("file_open", { file });
  return {
    kind: "reads",
    words: describeEvent(example),
    risk: "note",
    coefficients: [path],
    tests: [],
    example,
    ...changes,
  };
}

const aProgram = (changes: Partial<ProgramChanges> = {}): ProgramChanges => ({
  chain: ["/bin/sh", "/bin/cat"],
  status: "kept",
  added: [],
  removed: [],
  altered: [],
  ...changes,
});

const comparison = (changes: Partial<BehaviourDiff>): ModelComparison => ({
  same: false,
  terms: [],
  rules: { removed: [], added: [] },
  learning: [],
  common: 5,
  behaviours: {
    programs: [],
    contents: [],
    sameButContents: 0,
    alsoWithOtherContents: { a: 0, b: 0 },
    unnamed: { a: [], b: [] },
    ...changes,
  },
});

const textOf = (changes: Partial<BehaviourDiff>, all = false): string =>
  linesText(diffLines(comparison(changes), all), plain);
const many = (n: number, of: (i: number) => Change): Change[] =>
  Array.from({ length: n }, (_, i) => of(i));

describe("a difference in words", () => {
  it("has programs, kinds and signs", () => {
    const removed = [reads("/b")];
    const text = textOf({
      programs: [aProgram({ added: [reads("/a", { tests: ["one"] })], removed })],
    });
    assert.equal(
      text,
      "/bin/sh > /bin/cat\n  reads\n    + opens /a for reading  [one]\n    - opens /b for reading",
    );
  });

  it("makes one line of many files of a directory, unless all is wanted", () => {
    const added = many(4, (i) => reads(`/data/${i}`));
    assert.match(textOf({ programs: [aProgram({ added })] }), /\+ opens 4 files in \/data\/ for/);
    assert.doesNotMatch(textOf({ programs: [aProgram({ added })] }, true), /files in/);
    const folders = many(4, (i) => reads(`/data/${i}`, {}, 0o040755));
    assert.match(textOf({ programs: [aProgram({ added: folders })] }), /opens 4 directories in/);
  });

  it("never makes one line of several programs that are started", () => {
    const added = many(5, (i) => reads(`/bin/${i}`, { kind: "programs", words: `runs /bin/${i}` }));
    assert.equal(textOf({ programs: [aProgram({ added })] }).match(/\+ runs \/bin\//g)?.length, 5);
  });

  it("keeps the names of hostile files quoted", () => {
    const added = many(4, (i) => reads(`/data/\u001b[${i}m`));
    const text = textOf({ programs: [aProgram({ added })] });
    assert.equal(text.includes("\u001b"), false);
    assert.match(text, /"\/data\/\\x1b\[3m"/);
  });

  it("says what programs read to start in one line, when the program is new", () => {
    const names = ["libc.so.6", "libm.so.6", "libz.so.1", "locale/locale-archive"];
    const added = names.map((name) => reads(`/usr/lib/${name}`));
    const fresh = textOf({ programs: [aProgram({ added, status: "new" })] });
    assert.match(fresh, /\(new program\)\n {2}reads\n {4}\+ reads what programs start with: 4 /);
    assert.doesNotMatch(textOf({ programs: [aProgram({ added })] }), /programs start with/);
  });

  it("tells a new program once that does the same wherever it is started", () => {
    const chains = [
      ["/bin/sh", "/bin/ls"],
      ["/bin/make", "/bin/ls"],
    ];
    const programs = chains.map((chain) =>
      aProgram({ chain, status: "new", added: [reads("/a")] }),
    );
    assert.match(
      textOf({ programs }),
      /^\/bin\/ls {2}\(new program, started in 2 ways\)\n {2}reads\n/,
    );
    assert.equal(textOf({ programs }, true).match(/new program/g)?.length, 2);
  });

  it("limits long lists, and says so", () => {
    const added = many(MAX_SHOWN + 5, (i) => reads(`/${i}/x`));
    assert.match(textOf({ programs: [aProgram({ added })] }), /and 6 more \(--all shows them\)$/);
  });

  it("sums up", () => {
    const programs = [aProgram({ added: [reads("/a"), reads("/b")], removed: [reads("/c")] })];
    const text = summaryText(comparison({ programs, sameButContents: 2 }));
    assert.equal(text, "2 behaviours more, 1 less; 7 the same");
  });

  it("is Markdown whose fences are closed", () => {
    const contents = [{ path: "/a`b", use: "file", behaviours: 1 }] as const;
    const lines = diffLines(
      comparison({ contents, programs: [aProgram({ added: [reads("/x")] })] }),
      false,
    );
    const text = linesMarkdown(lines);
    assert.equal(text.match(/^```/gm)?.length, 4);
    assert.match(text, /^! \/a'b /m);
    assert.match(text, /^### `\/bin\/sh > \/bin\/cat`$/m);
  });
});
