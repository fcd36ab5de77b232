// SPDX-License-Identifier: Apache-2.0
// Records of three behaviours, and what they come to, computed without any of what replay does.
import assert from "node:assert/strict";
import { readTsemRecord } from "../../src/event/index.ts";
import { createMapper, createModel } from "../../src/model/index.ts";
import type { DigestName, MappingName, Model } from "../../src/model/index.ts";
import { openRecord } from "../helpers/kernel-records.ts";
import { testHasher } from "../helpers/test-hasher.ts";
import type { Outcome } from "./galgo.ts";

export const AGGREGATE = "ab".repeat(32);
export const [A, B, C] = ["/etc/a", "/etc/b", "/etc/c"].map((name) => openRecord(name)) as [
  string,
  string,
  string,
];

export const lines = (...records: readonly string[]): string =>
  records.map((one) => `${one}\n`).join("");

/** Coefficients of records, computed without any of what replay does. */
export function coefficients(
  records: readonly string[],
  digest: DigestName = "sha256",
  mapping: MappingName = "tsem-v4",
): string[] {
  const mapper = createMapper(testHasher(digest), mapping);
  const dialect = mapping === "tsem-v4" ? "kernel" : "quixote";
  return records.map((record) => {
    const read = readTsemRecord(record, { dialect });
    assert.ok("event" in read && read.event !== undefined);
    return mapper.coefficient(read.event);
  });
}

export function modelOf(
  points: readonly string[],
  options: { aggregate?: string; base?: string } = {},
): Model {
  const model = createModel({ hasher: testHasher("sha256"), ...options });
  for (const point of points) model.update(point);
  return model;
}

export function complaint(outcome: Outcome, pattern: RegExp): void {
  assert.equal(outcome.status, 125, outcome.stderr);
  assert.equal(outcome.stdout, "");
  assert.match(outcome.stderr, pattern);
  assert.equal(outcome.stderr.trimEnd().split("\n").length, 1, outcome.stderr);
}
