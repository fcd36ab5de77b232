// SPDX-License-Identifier: Apache-2.0
// Every claim of evidence, changed by one bit or by its neighbour: what a platform vouches for is another thing then, so that its quote
// can not be moved beside another claim, whoever holds the key of the token.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Evidence } from "../../src/attest/evidence/index.ts";
import {
  openEatCwt,
  openEatJwt,
  platformBinding,
  signEatCwt,
  signEatJwt,
  TokenError,
} from "../../src/attest/evidence/index.ts";
import { MAX_SECONDS } from "../../src/attest/evidence/limits.ts";
import { anEvidence, aTokenKey } from "../helpers/evidence.ts";

type Leaf = string | number | boolean;
type Path = readonly (string | number)[];

/** Where plain values stand in the claims; members of the platform are its own business. */
function leaves(value: unknown, at: Path = []): readonly (readonly [Path, Leaf])[] {
  if (typeof value === "object" && value !== null)
    return Object.entries(value).flatMap(([name, member]) => leaves(member, [...at, name]));
  assert.ok(typeof value !== "undefined" && typeof value !== "object");
  return [[at, value as Leaf]];
}

const TIMES: ReadonlySet<string> = new Set(["issuedAt", "started"]);

/** Values that an attacker would write instead and that still have the form of such a claim. */
function others(path: Path, value: Leaf): readonly Leaf[] {
  if (typeof value === "boolean") return [!value];
  if (typeof value === "number")
    return Array.from({ length: 53 }, (_, bit) =>
      Number(BigInt(value) ^ (1n << BigInt(bit))),
    ).filter((other) => other <= MAX_SECONDS || !TIMES.has(String(path.at(-1))));
  const name = path.join(".");
  if (name === "mode") return ["free", "detect", "enforce"].filter((each) => each !== value);
  if (name === "tma.locality") return ["process", "serial", "remote"];
  if (name === "rules.digest") return [];
  const isHex = /^(?:sha256:)?[0-9a-f]{16,}$/.test(value);
  const digits = isHex ? "0123456789abcdef" : undefined;
  return [...value].flatMap((char, i) => {
    if (digits === undefined)
      return [`${value.slice(0, i)}${char === "x" ? "y" : "x"}${value.slice(i + 1)}`];
    if (i < value.indexOf(":") + 1) return [];
    const digit = digits.indexOf(char);
    return [1, 2, 4, 8].map(
      (bit) => `${value.slice(0, i)}${digits[digit ^ bit] ?? ""}${value.slice(i + 1)}`,
    );
  });
}

function changed(evidence: Evidence, path: Path, to: Leaf): Evidence {
  const copy = structuredClone(evidence) as unknown as Record<string | number, unknown>;
  let inner = copy;
  for (const step of path.slice(0, -1)) inner = inner[step] as typeof inner;
  const last = path.at(-1);
  assert.ok(last !== undefined && Object.hasOwn(inner, last), path.join("."));
  inner[last] = to;
  return copy as unknown as Evidence;
}

const whole = anEvidence({
  workload: { ...anEvidence().workload, owner: 1_000 },
  tma: { locality: "vm", codeDigest: "8b".repeat(32) },
});
const { platform: _own, ...claims } = whole;
const paths = leaves(claims);
const bound = (evidence: Evidence): string =>
  Buffer.from(platformBinding(evidence, "key-1")).toString("base64");

describe("each claim with a bit of it changed", () => {
  const one = bound(whole);

  it("is none of those that the platform vouched for", () => {
    const seen = new Set([one]);
    let tried = 0;
    for (const [path, value] of paths)
      for (const other of others(path, value)) {
        seen.add(bound(changed(whole, path, other)));
        tried++;
        assert.equal(seen.size, tried + 1, `${path.join(".")}: ${String(other)}`);
      }
    // nothing that is a claim was passed over, but for the one of which there is one value of that size
    const untried = paths.filter(([path, value]) => others(path, value).length === 0);
    assert.deepEqual(
      untried.map(([path]) => path.join(".")),
      ["rules.digest"],
    );
  });

  it("or taken away is not either", () => {
    for (const name of ["model", "base", "floor", "tma"] as const) {
      const { [name]: _gone, ...rest } = whole;
      assert.notEqual(bound(rest), one, name);
    }
  });

  it("does not fit the signature of its token, of either kind", async () => {
    const { signer, keys } = aTokenKey("EdDSA");
    const jwt = (await signEatJwt(whole, signer)).split(".");
    const cwt = Buffer.from(await signEatCwt(whole, signer));
    const signature = cwt.subarray(-64);
    for (const [path, value] of paths) {
      const other = others(path, value)[0];
      if (other === undefined) continue;
      const lie = changed(whole, path, other);
      const [head, body] = (await signEatJwt(lie, signer)).split(".");
      const forged = Buffer.from(await signEatCwt(lie, signer));
      forged.set(signature, forged.length - 64);
      for (const opening of [
        openEatJwt([head, body, jwt[2]].join("."), keys),
        openEatCwt(forged, keys),
      ])
        await assert.rejects(
          opening,
          (error) => error instanceof TokenError && error.code === "BAD_SIGNATURE",
          path.join("."),
        );
    }
  });
});
