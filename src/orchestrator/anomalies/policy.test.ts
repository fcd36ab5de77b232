// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { DistrustReader, DistrustWriter, MAX_DISTRUSTED, newDistrustBuffer } from "./distrust.ts";
import { anomalyPolicyText, parseAnomalyPolicy } from "./policy.ts";

test("policies are read, and what is none of them is not", () => {
  for (const [text, written] of [
    ["observe", "observe"],
    ["untrusted", "untrusted"],
    ["kill", "kill"],
    ["freeze", "freeze=300s,then=kill"],
    ["freeze=5m", "freeze=300s,then=kill"],
    ["freeze=2h,then=thaw", "freeze=7200s,then=thaw"],
    ["freeze,then=thaw", "freeze=300s,then=thaw"],
  ] as const) {
    const policy = parseAnomalyPolicy(text);
    assert.equal(policy === undefined ? undefined : anomalyPolicyText(policy), written);
    assert.deepEqual(parseAnomalyPolicy(written), policy);
  }
  for (const text of [
    "",
    "freeze=",
    "freeze=0s",
    "freeze=5",
    "freeze=169h",
    "freeze=5m,then=wait",
    "Kill",
  ])
    assert.equal(parseAnomalyPolicy(text), undefined, text);
});

const [ONE, OTHER] = ["f0f0f0f0aa", "0f0f0f0faa"] as const;

test("a process is distrusted as the program that it is, and told of after the reader was made", () => {
  const buffer = newDistrustBuffer();
  const [writer, reader] = [new DistrustWriter(buffer), new DistrustReader(buffer)];
  assert.equal(reader.has(7, ONE), false);
  writer.add(7, ONE);
  assert.deepEqual(
    [reader.has(7, ONE), reader.has(7, OTHER), reader.has(8, ONE)],
    [true, false, false],
  );
  writer.add(7, OTHER);
  assert.deepEqual([reader.has(7, ONE), reader.has(7, OTHER)], [true, true]);
});

test("when more are distrusted than can be told one by one, nobody is trusted", () => {
  const buffer = newDistrustBuffer();
  const [writer, reader] = [new DistrustWriter(buffer), new DistrustReader(buffer)];
  for (let pid = 1; pid <= MAX_DISTRUSTED; pid++) writer.add(pid, ONE);
  assert.equal(reader.has(MAX_DISTRUSTED + 1, ONE), false);
  writer.add(MAX_DISTRUSTED + 1, ONE);
  assert.equal(reader.has(1_000_000, OTHER), true);
});
