// SPDX-License-Identifier: Apache-2.0
// Attacks on the token, on who signed it, on when and on whom it is about.
import { decodeBase64url, encodeBase64url } from "../../../src/attest/encoding/strict-base64.ts";
import { EAT_JWT_TYPE, signJws, tokenSignerOf } from "../../../src/attest/evidence/index.ts";
import type { VerifyCase } from "../../../src/attest/verify/types.ts";
import {
  caseOf,
  HOST,
  IMAGE,
  NONCE,
  NOW,
  policyOf,
  ruleOf,
  STRANGER,
  tokenOf,
} from "../../helpers/attested.ts";
import { flipped } from "../../helpers/signing.ts";
import { type Attack, handed, HONEST, moved, told, vouchedFor } from "./attack.ts";

/** The honest token with something done to its text. */
const token =
  (change: (parts: readonly string[]) => string): Attack["given"] =>
  async () => ({ ...(await caseOf(HONEST)), token: change((await tokenOf(HONEST)).split(".")) });

const header = (members: object): string =>
  encodeBase64url(new TextEncoder().encode(JSON.stringify(members)));
const KID = HOST.key.id;

const policy = (changes: Parameters<typeof policyOf>[1]): Partial<VerifyCase> => ({
  policy: policyOf(ruleOf(HONEST.tpm), changes),
});

const host = (times: { notBefore?: number; notAfter?: number }): Partial<VerifyCase> =>
  policy({ keys: [{ name: "host", key: HOST.key, ...times }] });

export const TOKEN_ROWS: readonly Attack[] = [
  {
    what: "a token without a signature that says it needs none",
    given: token(([, body]) => `${header({ alg: "none", kid: KID, typ: "eat+jwt" })}.${body}.`),
    reasons: ["TOKEN_ALGORITHM_REFUSED"],
    kind: "alg=none",
  },
  {
    what: "a token whose public key is said to be a shared one",
    given: token(
      ([, body, tail]) => `${header({ alg: "HS256", kid: KID, typ: "eat+jwt" })}.${body}.${tail}`,
    ),
    reasons: ["TOKEN_ALGORITHM_REFUSED"],
  },
  {
    what: "a token that brings its own key",
    given: token(
      ([, body, tail]) =>
        `${header({ alg: "ES256", jwk: {}, kid: KID, typ: "eat+jwt" })}.${body}.${tail}`,
    ),
    reasons: ["TOKEN_BAD_HEADER"],
  },
  {
    what: "a token that is a result of a verifier by its type",
    given: token(
      ([, body, tail]) => `${header({ alg: "ES256", kid: KID, typ: "JWT" })}.${body}.${tail}`,
    ),
    reasons: ["TOKEN_BAD_HEADER"],
  },
  {
    what: "a token without its last part",
    given: token(([head, body]) => `${head}.${body}`),
    reasons: ["TOKEN_MALFORMED"],
    kind: "truncated token",
  },
  {
    what: "a token that lost the end of its signature",
    given: token(([head, body, tail = ""]) => `${head}.${body}.${tail.slice(0, 40)}`),
    reasons: ["TOKEN_BAD_SIGNATURE"],
  },
  {
    what: "a token of the right key whose claims are those of something else",
    given: async () => ({
      ...(await caseOf(HONEST)),
      token: await signJws(Buffer.from('{"admin":true}'), EAT_JWT_TYPE, tokenSignerOf(HOST)),
    }),
    reasons: ["TOKEN_BAD_CLAIMS"],
  },
  {
    what: "no token at all",
    given: handed({ token: "" }),
    reasons: ["TOKEN_MALFORMED"],
  },
  {
    what: "bytes that are no CWT",
    given: handed({ token: Uint8Array.of(0xd2, 0x84) }),
    reasons: ["TOKEN_MALFORMED"],
  },
  {
    what: "a token larger than any",
    given: handed({ token: "A".repeat(9 * 1_024 * 1_024) }),
    reasons: ["TOKEN_TOO_LARGE"],
  },
  {
    what: "a claim with a bit turned over",
    given: token(([head, body = "", tail]) => {
      const bytes = decodeBase64url(body) ?? new Uint8Array(1);
      const at = new TextDecoder().decode(bytes).indexOf('"state":"') + 9;
      return `${head}.${encodeBase64url(flipped(bytes, at * 8))}.${tail}`;
    }),
    reasons: ["TOKEN_BAD_SIGNATURE"],
    kind: "flipped bit",
  },
  {
    what: "losses taken out of a signed token",
    given: async () => {
      const lossy = { ...HONEST.evidence, counts: { ...HONEST.evidence.counts, lost: 3 } };
      const [head, , tail] = (await tokenOf({ ...HONEST, evidence: lossy })).split(".");
      const [, body] = (await tokenOf(HONEST)).split(".");
      return { ...(await caseOf(HONEST)), token: `${head}.${body}.${tail}` };
    },
    reasons: ["TOKEN_BAD_SIGNATURE"],
  },
  {
    what: "evidence that a stranger has signed",
    given: () => caseOf({ ...HONEST, signer: STRANGER }),
    reasons: ["TOKEN_UNKNOWN_KEY"],
  },
  {
    what: "evidence of a key that has expired",
    given: handed(host({ notAfter: NOW - 1 })),
    reasons: ["KEY_EXPIRED"],
    kind: "expired key",
  },
  {
    what: "evidence of a key that does not count yet",
    given: handed(host({ notBefore: NOW + 1 })),
    reasons: ["KEY_NOT_YET"],
  },
  {
    what: "evidence of a key that was revoked",
    given: handed(policy({ revokedKeys: new Map([[KID, "the machine was stolen"]]) })),
    reasons: ["KEY_REVOKED"],
  },
  {
    what: "evidence of a key that speaks for others",
    given: handed(
      policy({
        keys: [
          { name: "other", key: HOST.key },
          { name: "host", key: STRANGER.key },
        ],
      }),
    ),
    reasons: ["KEY_NOT_FOR_WORKLOAD"],
  },
  {
    what: "evidence that was given to an earlier challenge",
    given: handed({ nonce: "dead".repeat(8) }),
    reasons: ["WRONG_NONCE"],
    kind: "replay",
  },
  {
    what: "evidence that was shown once, with the nonce of today written into it",
    given: moved({ nonce: "dead".repeat(8) }),
    reasons: ["QUOTE_WRONG_NONCE", "WRONG_NONCE"],
  },
  {
    what: "evidence that answers the beginning of a challenge",
    given: handed({ nonce: NONCE.slice(0, 16) }),
    reasons: ["WRONG_NONCE"],
  },
  {
    what: "evidence that nobody asked for",
    given: async () => {
      const { nonce: _none, ...rest } = await caseOf(HONEST);
      return rest;
    },
    reasons: ["NO_NONCE"],
  },
  {
    what: "the right answer, long after it was given",
    given: handed({ now: NOW + 61_000 }),
    reasons: ["STALE"],
    kind: "stale nonce",
  },
  {
    what: "evidence of tomorrow",
    given: handed({ now: NOW - 6_000 }),
    reasons: ["FROM_THE_FUTURE"],
  },
  {
    what: "evidence of a run that began after it",
    given: vouchedFor({ started: NOW / 1_000 + 1 }),
    reasons: ["BAD_TIMES"],
  },
  {
    what: "a run that began before the challenge where its base was to be the challenge",
    given: handed({ base: "5b".repeat(32) }),
    reasons: ["NO_BASE"],
  },
  {
    what: "the evidence of another workload",
    given: handed({ workload: { name: "shop-db" } }),
    reasons: ["WRONG_WORKLOAD"],
    kind: "other workload's evidence",
  },
  {
    what: "the evidence of another run of the same workload",
    given: handed({ workload: { id: "20260601T000000000Z-bbbbbb" } }),
    reasons: ["WRONG_WORKLOAD"],
  },
  {
    what: "the evidence of another container of the same name",
    given: handed({ workload: { image: `sha256:${"2e".repeat(32)}` } }),
    reasons: ["WRONG_IMAGE"],
  },
  {
    what: "a workload that no rule knows",
    given: vouchedFor({ workload: { ...HONEST.evidence.workload, name: "till" } }),
    reasons: ["UNKNOWN_WORKLOAD"],
  },
  {
    what: "an image that is not the one of the rule",
    given: handed({ policy: policyOf(ruleOf(HONEST.tpm, { images: [`${IMAGE.slice(0, -1)}e`] })) }),
    reasons: ["WRONG_IMAGE"],
  },
  {
    what: "a workload that says of no image that it is its own",
    given: vouchedFor({ workload: { name: "shop-web", id: "r" } }),
    reasons: ["WRONG_IMAGE"],
  },
  {
    what: "a run whose base is that of another challenge",
    given: told({ base: "5b".repeat(32) }, () => ({ base: "5c".repeat(32) })),
    reasons: ["WRONG_BASE"],
  },
];
