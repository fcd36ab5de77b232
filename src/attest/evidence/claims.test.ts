// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import { anEvidence, NO_PLATFORM, SNP, TPM } from "../../../test/helpers/evidence.ts";
import { decodeJson } from "./canonical-json.ts";
import { CborError } from "./cbor.ts";
import { decodeCbor } from "./cbor-read.ts";
import {
  evidenceFromCbor,
  evidenceFromJson,
  evidenceToCbor,
  evidenceToJson,
  platformBinding,
} from "./claims.ts";
import { TokenError } from "./errors.ts";
import type { Evidence } from "./types.ts";

const BARE = omit(anEvidence({ mode: "free", sealed: false, platform: NO_PLATFORM }), [
  "model",
  "base",
  "floor",
]);

function omit(evidence: Evidence, names: readonly (keyof Evidence)[]): Evidence {
  const left = new Map(Object.entries(evidence));
  for (const name of names) left.delete(name);
  return Object.fromEntries(left) as unknown as Evidence;
}

function fromJson(bytes: Uint8Array): Evidence {
  return evidenceFromJson(decodeJson(bytes, "the claims"));
}

function refused(read: () => unknown, part: string): void {
  assert.throws(read, (error) => {
    assert.ok(error instanceof TokenError, String(error));
    assert.equal(error.code, "BAD_CLAIMS");
    assert.ok(error.message.includes(part), error.message);
    return true;
  });
}

type Tree = Record<string, unknown>;

/** The claims of the example in JSON, with something done to them. */
function tampered(change: (galgo: Tree, claims: Tree, platform: Tree) => void): unknown {
  const claims = JSON.parse(new TextDecoder().decode(evidenceToJson(anEvidence()))) as {
    galgo: Tree;
    submods: { platform: { galgo_platform: Tree } };
  };
  change(claims.galgo, claims, claims.submods.platform.galgo_platform);
  return claims;
}

describe("claims", () => {
  for (const [what, evidence] of [
    ["all members", anEvidence()],
    ["no member that may be absent", BARE],
    ["a run without a model that was enforced", omit(anEvidence(), ["model"])],
    ["a report of a confidential machine", anEvidence({ platform: SNP })],
    [
      "a model kept elsewhere",
      anEvidence({ tma: { locality: "vm", codeDigest: "58".repeat(32) } }),
    ],
    ["an owner", anEvidence({ workload: { name: "web", id: "1", owner: 1_000 } })],
    ["a TPM without a list", anEvidence({ platform: tpm() })],
  ] as const) {
    it(`are written and read with ${what}`, () => {
      assert.deepEqual(fromJson(evidenceToJson(evidence)), evidence);
      assert.deepEqual(evidenceFromCbor(decodeCbor(evidenceToCbor(evidence))), evidence);
    });
  }

  it("have the names and numbers of RFC 9711", () => {
    const { eat_nonce, eat_profile, iat } = tampered(() => undefined) as Tree;
    assert.equal(eat_nonce, "ABEiM0RVZneImaq7zN3u_w");
    assert.equal(eat_profile, "https://galgo.dev/evidence/v1");
    assert.equal(iat, 1_790_000_000);
    const claims = decodeCbor(evidenceToCbor(anEvidence()));
    assert.ok(claims instanceof Map);
    assert.deepEqual([...claims.keys()], [6, 10, 265, 266, -70_001]);
    assert.deepEqual(claims.get(10), Uint8Array.from(Buffer.from(anEvidence().nonce, "hex")));
  });

  it("are written as they always were: verifiers of other versions read them", () => {
    const digests = [evidenceToJson(anEvidence()), evidenceToCbor(anEvidence())].map((bytes) =>
      createHash("sha256").update(bytes).digest("hex"),
    );
    assert.deepEqual(digests, [
      "bdbd7525c98708d5bec6f06d8ada89d5ee85a1eb432bca6a00f0baafb510c988",
      "35a760b3351f23f4954d05577903dece84aabc00a6cb0d2d39f2c1fb2af34b64",
    ]);
  });

  const cases: readonly [string, Parameters<typeof tampered>[0]][] = [
    ["eat_profile", (_, claims) => (claims["eat_profile"] = "https://galgo.dev/evidence/v2")],
    ["eat_nonce", (_, claims) => (claims["eat_nonce"] = "AAAA")],
    ["eat_nonce", (_, claims) => (claims["eat_nonce"] = "A".repeat(88))],
    ["eat_nonce", (_, claims) => (claims["eat_nonce"] = ["ABEiM0RVZneImaq7zN3u_w"])],
    ["eat_nonce: it is missing", (_, claims) => delete claims["eat_nonce"]],
    ["iat", (_, claims) => (claims["iat"] = -1)],
    ["iat", (_, claims) => (claims["iat"] = 1.5)],
    ["iat", (_, claims) => (claims["iat"] = "1790000000")],
    ["iat", (_, claims) => (claims["iat"] = 8_640_000_000_001)],
    ["galgo.started", (galgo) => (galgo["started"] = 2 ** 53 - 1)],
    ["the member exp", (_, claims) => (claims["exp"] = 1)],
    ["the member extra", (galgo) => (galgo["extra"] = 1)],
    ["galgo: not a record", (_, claims) => (claims["galgo"] = [])],
    ["galgo.state: it is missing", (galgo) => delete galgo["state"]],
    ["galgo.state", (galgo) => (galgo["state"] = "3D".repeat(32))],
    ["galgo.state", (galgo) => (galgo["state"] = "3d".repeat(19))],
    ["galgo.rules.digest", (galgo) => ((galgo["rules"] as Tree)["digest"] = "md5")],
    ["galgo.state", (galgo) => ((galgo["rules"] as Tree)["digest"] = "sha384")],
    ["galgo.measurement", (galgo) => (galgo["measurement"] = "4c".repeat(48))],
    ["galgo.base", (galgo) => (galgo["base"] = null)],
    [
      "galgo.model: it is missing in the mode enforce",
      (galgo) => {
        delete galgo["model"];
        galgo["sealed"] = false;
      },
    ],
    [
      "galgo.model: it is missing in the mode detect",
      (galgo) => {
        delete galgo["model"];
        galgo["mode"] = "detect";
      },
    ],
    ["galgo.model.signedBy", (galgo) => ((galgo["model"] as Tree)["signedBy"] = [])],
    ["galgo.model.signedBy", (galgo) => ((galgo["model"] as Tree)["signedBy"] = "8f".repeat(32))],
    ["galgo.model.signedBy[0]", (galgo) => ((galgo["model"] as Tree)["signedBy"] = ["8f"])],
    ["galgo.mode", (galgo) => (galgo["mode"] = "enforced")],
    ["galgo.sealed", (galgo) => (galgo["sealed"] = 1)],
    ["galgo.counts.lost: it is missing", (galgo) => delete (galgo["counts"] as Tree)["lost"]],
    ["galgo.counts.events", (galgo) => ((galgo["counts"] as Tree)["events"] = 2 ** 53)],
    ["galgo.workload.name", (galgo) => ((galgo["workload"] as Tree)["name"] = "")],
    ["galgo.workload.name", (galgo) => ((galgo["workload"] as Tree)["name"] = "n".repeat(257))],
    ["galgo.workload.name", (galgo) => ((galgo["workload"] as Tree)["name"] = "\ud800")],
    ["galgo.workload.image", (galgo) => ((galgo["workload"] as Tree)["image"] = "web:latest")],
    ["galgo.fidelity.sees[1]", (galgo) => ((galgo["fidelity"] as Tree)["sees"] = ["file_open", 7])],
    [
      "galgo.fidelity.holds",
      (galgo) => ((galgo["fidelity"] as Tree)["holds"] = new Array<string>(513).fill("x")),
    ],
    ["submods", (_, claims) => (claims["submods"] = {})],
    ["platform.kind", (_g, _c, platform) => (platform["kind"] = "TPM")],
    ["platform.attest", (_g, _c, platform) => (platform["attest"] = "_1RDRw==")],
    ["the member report", (_g, _c, platform) => (platform["report"] = "AAAA")],
    ["platform.pcrs", (_g, _c, platform) => (platform["start"] = "00".repeat(20))],
    ["platform.extended", (_g, _c, platform) => (platform["extended"] = 42)],
    [
      "platform.pcrs",
      (_g, _c, platform) => {
        platform["pcrs"] = [
          { index: 11, value: "ab".repeat(32) },
          { index: 0, value: "ab".repeat(32) },
        ];
      },
    ],
    [
      "platform.pcrs",
      (_g, _c, platform) => (platform["pcrs"] = [{ index: 24, value: "ab".repeat(32) }]),
    ],
  ];
  for (const [number, [part, change]] of cases.entries()) {
    it(`are refused: ${part} (${number + 1})`, () => {
      refused(() => evidenceFromJson(tampered(change)), part);
    });
  }

  it("are not taken from what is hidden behind a name of JavaScript's", () => {
    for (const name of ["__proto__", "constructor", "toString"])
      refused(() => evidenceFromJson(JSON.parse(`{"${name}":{}}`)), name);
  });

  it("are not written when they would not be read", () => {
    for (const changes of [
      { nonce: "00" },
      { state: "xy".repeat(32) },
      { issuedAt: 1.5 },
      { counts: { ...anEvidence().counts, lost: -1 } },
      { aggregate: "00".repeat(48) },
    ]) {
      refused(() => evidenceToJson(anEvidence(changes)), "");
      refused(() => evidenceToCbor(anEvidence(changes)), "");
    }
  });

  it("are read from any value as evidence or refused, never otherwise", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        assert.throws(() => evidenceFromJson(value), TokenError);
      }),
    );
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 0, max: 7 }), (at, bit) => {
        const bytes = evidenceToCbor(anEvidence());
        const index = at % bytes.length;
        bytes[index] = (bytes[index] ?? 0) ^ (1 << bit);
        try {
          // a changed digest is evidence too, of something else
          assert.notDeepEqual(evidenceFromCbor(decodeCbor(bytes)), anEvidence());
        } catch (error) {
          assert.ok(error instanceof CborError || error instanceof TokenError, String(error));
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("what a platform vouches for", () => {
  const binding = (evidence: Evidence, kid = "key-1"): string =>
    Buffer.from(platformBinding(evidence, kid)).toString("hex");

  it("is everything but the platform's own evidence, and the key", () => {
    const one = binding(anEvidence());
    assert.equal(binding(anEvidence({ platform: NO_PLATFORM })), one);
    assert.notEqual(binding(anEvidence(), "key-2"), one);
    for (const changes of [
      { nonce: "ff".repeat(16) },
      { issuedAt: 1 },
      { state: "00".repeat(32) },
      { counts: { ...anEvidence().counts, violations: 0 } },
      { sealed: false },
    ])
      assert.notEqual(binding(anEvidence(changes)), one, JSON.stringify(changes));
  });
});

function tpm(): Evidence["platform"] {
  const { ima: _list, ...rest } = TPM;
  return rest;
}
