// SPDX-License-Identifier: Apache-2.0
// Evidence whose token is rightly signed, by who has its key and not the TPM's: each byte of what the TPM has said with a bit turned over,
// each claim beside a quote for another one. Nothing of it is accepted.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { TpmEvidence } from "../../src/attest/evidence/index.ts";
import { verifyEvidence } from "../../src/attest/verify/index.ts";
import { bytesToHex, hexToBytes } from "../../src/base/hex.ts";
import { flipped } from "../helpers/signing.ts";
import { verifyCrypto } from "../helpers/verify-crypto.ts";
import { type Attack, HONEST, moved, platformWith, tpmOf } from "./rows/attack.ts";

const tpm = tpmOf(HONEST.evidence);

async function reasonsOf(given: Attack["given"]): Promise<readonly string[]> {
  const { accepted, refusals } = await verifyEvidence(await given(), verifyCrypto);
  const reasons = refusals.map(({ reason }) => reason);
  assert.equal(accepted, reasons.length === 0);
  return reasons;
}

/** One bit of each byte, each time another one. */
function* each(bytes: Uint8Array): Generator<readonly [number, Uint8Array]> {
  for (let at = 0; at < bytes.length; at++) yield [at, flipped(bytes, at * 8 + (at % 8))];
}

const hexFlips = (hex: string): readonly string[] =>
  [...each(hexToBytes(hex))].map(([, bytes]) => bytesToHex(bytes));

describe("a byte of what a TPM has said, with a bit turned over", () => {
  for (const part of ["attest", "signature", "akPublic"] as const) {
    it(`in ${part} is refused, as the quote's fault`, async () => {
      for (const [at, bytes] of each(tpm[part])) {
        const reasons = await reasonsOf(platformWith({ [part]: bytes }));
        const own = reasons.filter((reason) => /^QUOTE_|^UNKNOWN_AK$/.test(reason));
        assert.ok(own.length > 0, `byte ${at}: ${reasons.join()}`);
      }
    });
  }

  it("in the value of any register is refused", async () => {
    for (const [n, { index, value }] of tpm.pcrs.entries())
      for (const other of hexFlips(value)) {
        const pcrs = tpm.pcrs.with(n, { index, value: other });
        const reasons = await reasonsOf(platformWith({ pcrs }));
        assert.ok(reasons.includes("QUOTE_WRONG_PCR"), `PCR ${index}: ${reasons.join()}`);
      }
  });

  it("in where the coefficients began is refused", async () => {
    for (const start of hexFlips(tpm.start))
      assert.deepEqual(await reasonsOf(platformWith({ start })), ["WRONG_START", "WRONG_PCR_11"]);
  });

  it("in the coefficients that it reports is refused", async () => {
    const bytes = Buffer.concat(HONEST.coefficients.map((hex) => hexToBytes(hex)));
    assert.deepEqual(await reasonsOf(platformWith({ coefficients: bytes })), []);
    for (const [at, coefficients] of each(bytes)) {
      const reasons = await reasonsOf(platformWith({ coefficients }));
      assert.ok(reasons.includes("WRONG_COEFFICIENTS"), `byte ${at}: ${reasons.join()}`);
    }
  });

  const others: readonly (readonly [string, Partial<TpmEvidence>])[] = [
    ["another bank", { bank: "sha384" }],
    ["a bank that is none", { bank: "sha257" }],
    ["another number of coefficients", { extended: tpm.extended - 2 }],
    ["no coefficients", { extended: 0 }],
    ["no registers", { pcrs: [] }],
    [
      "registers under other numbers",
      { pcrs: tpm.pcrs.map((one) => ({ ...one, index: one.index + 1 })) },
    ],
  ];
  for (const [what, changes] of others)
    it(`or ${what}: refused`, async () => {
      assert.notDeepEqual(await reasonsOf(platformWith(changes)), []);
    });
});

describe("a claim that was changed beside a quote for another one", () => {
  const { platform: _quote, ...claims } = HONEST.evidence;
  for (const name of Object.keys(claims) as (keyof typeof claims)[]) {
    it(`${name}: is refused as a quote for something else`, async () => {
      const reasons = await reasonsOf(moved({ [name]: otherThan(claims[name]) }));
      assert.ok(
        reasons.includes("QUOTE_WRONG_NONCE") || reasons[0] === "UNKNOWN_WORKLOAD",
        reasons.join(),
      );
    });
  }
});

/** Another value of the same form: the last thing in it is another one. */
function otherThan(value: unknown): unknown {
  if (value === "enforce") return "detect";
  if (typeof value === "boolean") return !value;
  if (typeof value === "number") return value === 0 ? 1 : value - 1;
  if (typeof value === "string") return `${value.slice(0, -1)}${value.endsWith("1") ? "2" : "1"}`;
  if (Array.isArray(value)) return value.with(-1, otherThan(value.at(-1)));
  const entries = Object.entries(value ?? {});
  const changed = entries.findLastIndex(([name]) => name !== "digest" && name !== "features");
  return Object.fromEntries(
    entries.map(([name, member], i) => [name, i === changed ? otherThan(member) : member]),
  );
}
