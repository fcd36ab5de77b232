// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { attestBench } from "../../../test/helpers/attester.ts";
import { NO_PLATFORM } from "../../../test/helpers/evidence.ts";
import {
  decodeBase64url,
  type Evidence,
  openEatCwt,
  openEatJwt,
  type PlatformEvidence,
  platformBinding,
  type TokenKeys,
} from "../../attest/evidence/index.ts";
import { CodedError } from "../../base/errors.ts";
import { deferred } from "../../base/deferred.ts";
import { AttestError, type AttestErrorCode } from "./errors.ts";
import { EXTEND_BATCH, MAX_WAITING_ORDERS } from "./limits.ts";
import type { AttestAnswer } from "./order.ts";

const ORDER = { nonce: "00112233445566778899aabbccddeeff", form: "jwt" } as const;

function fails(code: AttestErrorCode, part: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof AttestError && error.code === code, String(error));
    assert.match(error.message, part);
    return true;
  };
}

async function opened({ form, evidence }: AttestAnswer, keys: TokenKeys): Promise<Evidence> {
  if (form === "jwt") return (await openEatJwt(evidence, keys)).evidence;
  return (await openEatCwt(decodeBase64url(evidence) ?? assert.fail(), keys)).evidence;
}

describe("evidence of a run", () => {
  it("is what is true of its namespace, in both forms", async (t) => {
    const bench = attestBench(t);
    for (const name of ["a", "b", "a"]) bench.happens(name);
    for (const form of ["jwt", "cwt"] as const) {
      const evidence = await opened(await bench.attester.attest({ ...ORDER, form }), bench.keys);
      assert.equal(evidence.nonce, ORDER.nonce);
      assert.equal(evidence.state, bench.state());
      assert.equal(evidence.measurement, bench.measurement());
      assert.deepEqual(evidence.counts, {
        ...{ events: 3, points: 2, lost: 0, violations: 0, refused: 0 },
      });
      assert.deepEqual(
        [evidence.mode, evidence.sealed, evidence.model],
        ["free", false, undefined],
      );
      assert.deepEqual([evidence.workload.name, evidence.workload.owner], ["bench", 1_000]);
      assert.ok(evidence.started <= evidence.issuedAt);
      assert.deepEqual(evidence.platform, NO_PLATFORM);
    }
  });

  it("is bound to what the platform says: all claims, and the key", async (t) => {
    const bench = attestBench(t);
    bench.happens("a");
    const { platform: _, ...claims } = await opened(await bench.attester.attest(ORDER), bench.keys);
    const kid = [...bench.prover.asked].flatMap((each) => ("prove" in each ? [each.prove] : []));
    assert.equal(kid.length, 1);
    const { signature } = await openEatJwt(
      (await bench.attester.attest(ORDER)).evidence,
      bench.keys,
    );
    assert.deepEqual(kid[0], platformBinding(claims, signature.kid));
  });

  it("gives the platform the coefficients before its claims, in their order, and none between", async (t) => {
    const bench = attestBench(t);
    const { prover, attester } = bench;
    bench.happens("a");
    bench.happens("b");
    const proof = deferred<PlatformEvidence>();
    const begun = deferred<void>();
    prover.proof = () => {
      begun.resolve();
      return proof.promise;
    };
    const first = attester.attest(ORDER);
    await begun.promise;
    bench.happens("c");
    const grown = new Promise<void>((resolve) => {
      prover.onExtend = resolve;
    });
    proof.resolve(NO_PLATFORM);
    assert.equal((await opened(await first, bench.keys)).counts.points, 2);
    const kinds = prover.asked.map((each) => Object.keys(each)[0]);
    assert.deepEqual(kinds.slice(kinds.indexOf("prove") - 1), ["extend", "prove"]);
    assert.deepEqual(prover.extended, bench.points().slice(0, 2));
    // nobody asks for evidence any more, and what is new comes all the same
    await grown;
    assert.deepEqual(prover.extended, bench.points());
  });

  it("gives the platform many coefficients in pieces", async (t) => {
    const bench = attestBench(t);
    for (let i = 0; i < EXTEND_BATCH + 5; i += 1) bench.happens(`file-${i}`);
    await bench.attester.attest(ORDER);
    assert.deepEqual(bench.prover.extended, bench.points());
    assert.ok(bench.prover.asked.length >= 3);
  });

  it("is not there without the platform, and is again when that is back", async (t) => {
    const { attester, prover } = attestBench(t);
    prover.proof = () => Promise.reject(new CodedError("GONE", "the TPM is gone"));
    const noEvidence = fails("NO_EVIDENCE", /does not vouch for the run: the TPM is gone/);
    await assert.rejects(attester.attest(ORDER), noEvidence);
    prover.proof = () => Promise.resolve(NO_PLATFORM);
    await attester.attest(ORDER);
  });

  it("is not there before the workload can act, nor when nobody decides any more", async (t) => {
    const bench = attestBench(t);
    bench.serving = false;
    await assert.rejects(bench.attester.attest(ORDER), fails("NOT_READY", /not started yet/));
    bench.serving = true;
    await bench.attester.attest(ORDER);
  });

  it("is not there either when whoever decides goes while the instant is looked for", async (t) => {
    const bench = attestBench(t);
    let looks = 0;
    Object.defineProperty(bench, "serving", { get: () => ++looks === 1 });
    await assert.rejects(bench.attester.attest(ORDER), fails("NOT_READY", /at its end/));
    assert.deepEqual(bench.prover.asked, []);
  });

  it("is not made for too many at a time", async (t) => {
    const bench = attestBench(t);
    const proof = deferred<PlatformEvidence>();
    bench.prover.proof = () => proof.promise;
    const asked = Array.from({ length: MAX_WAITING_ORDERS }, () => bench.attester.attest(ORDER));
    await assert.rejects(bench.attester.attest(ORDER), fails("BUSY", /others wait/));
    proof.resolve(NO_PLATFORM);
    assert.equal((await Promise.all(asked)).length, MAX_WAITING_ORDERS);
  });

  it("ends with the run: who waits is refused, and the platform is let go once", async (t) => {
    const bench = attestBench(t);
    bench.prover.proof = () => new Promise(() => undefined);
    const begun = new Promise<void>((resolve) => {
      const never = bench.prover.proof;
      bench.prover.proof = (binding) => {
        resolve();
        return never(binding);
      };
    });
    const ended = fails("ENDED", /the run has ended/);
    const waiting = [1, 2].map(() => assert.rejects(bench.attester.attest(ORDER), ended));
    await begun;
    await bench.attester.close();
    await bench.attester.close();
    await Promise.all(waiting);
    assert.equal(bench.prover.closed, 1);
    await assert.rejects(bench.attester.attest(ORDER), ended);
  });

  it("is refused in words where a claim can not be said", async (t) => {
    const profile = { ...attestBench(t).plan.tma.profile, name: "p".repeat(300) };
    const rules = { mapping: "tsem-v4", digest: "sha256", profile } as const;
    const { attester } = attestBench(t, { rules });
    await assert.rejects(attester.attest(ORDER), fails("NO_EVIDENCE", /galgo\.rules\.profile/));
  });

  it("is refused as a JWT where it is too long for one, with the advice to take a CWT", async (t) => {
    const { attester, prover } = attestBench(t);
    const report = new Uint8Array(4 * 1024 * 1024);
    const auxiliary = new Uint8Array(1024 * 1024);
    prover.proof = () => Promise.resolve({ kind: "snp", report, auxiliary });
    await assert.rejects(attester.attest(ORDER), fails("NO_EVIDENCE", /galgo attest --cwt/));
  });
});
