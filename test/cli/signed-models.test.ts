// SPDX-License-Identifier: Apache-2.0
// The table of refusals of signed models, over the commands: what `galgo verify` refuses with which reason, `galgo run` refuses with the
// same one before anything of the model or of the command has taken effect.
import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import type { ModelRefusalCode } from "../../src/attest/policy/appraise.ts";
import { MODEL_REFUSALS } from "../../src/attest/policy/appraise.ts";
import { type Envelope, writeEnvelope } from "../../src/attest/signed/dsse.ts";
import { signedBy } from "../../src/attest/signed/envelope-signatures.ts";
import { writeBundle } from "../../src/attest/signed/sigstore-bundle.ts";
import { envelopeOfModel } from "../../src/attest/signed/statement.ts";
import { modelDigest, stringifyWorkloadModel } from "../../src/model/index.ts";
import { seccompFidelity } from "../../src/sensor/seccomp/index.ts";
import { aModel } from "../helpers/models.ts";
import { aSigner, flipped, type TestSigner } from "../helpers/signing.ts";
import { SHA256 } from "../helpers/test-hasher.ts";
import { Place } from "./galgo.ts";

const MARKER = "the command ran";
const IMAGE = "aa".repeat(32);
const place = new Place();
after(() => place.remove());

const release = aSigner("Ed25519");
const other = aSigner("ES256");
const model = aModel({ name: "shop-web", fidelity: seccompFidelity([]) });
const wider = aModel({ name: "shop-web", fidelity: seccompFidelity([]), points: [] });
const bare = envelopeOfModel(model, [{ name: "image", digest: { sha256: IMAGE } }]);
const by = (...signers: readonly TestSigner[]): Envelope => signers.reduce(signedBy, bare);
const good = by(release);

place.write("release.pem", release.publicPem);

interface Terms {
  readonly key?: object;
  readonly rule?: object;
  readonly revoked?: object;
}

function policy({ key = {}, rule = {}, revoked = {} }: Terms): string {
  return JSON.stringify({
    apiVersion: "galgo.dev/v1",
    kind: "TrustPolicy",
    keys: [
      { name: "release", publicKey: release.publicPem, ...key },
      { name: "other", publicKey: other.publicPem },
    ],
    rules: [{ models: ["shop-*"], keys: ["release"], ...rule }],
    revoked,
  });
}

interface Row {
  readonly what: string;
  readonly file: string;
  /** undefined: the public key of the release. */
  readonly policy?: Terms;
  /** More of the command line of `verify`, of which `run` has no like. */
  readonly asked?: readonly string[];
  readonly code: Code;
  /** What `run` says, where that is not the same; undefined: it has no such question. */
  readonly run?: RegExp | undefined;
}

type Code = ModelRefusalCode | "BAD_ENVELOPE" | "BAD_JSON";

const text = writeEnvelope(good);
const ROWS: readonly Row[] = [
  { what: "a plain model", file: stringifyWorkloadModel(model), code: "UNSIGNED" },
  { what: "a stranger's model", file: writeEnvelope(by(other)), code: "UNKNOWN_KEY" },
  {
    what: "a model in place of the signed one",
    file: writeEnvelope({
      ...envelopeOfModel(wider, [{ digest: { sha256: IMAGE } }]),
      signatures: good.signatures,
    }),
    code: "BAD_SIGNATURE",
  },
  {
    what: "a bit of the payload turned over",
    file: writeEnvelope({ ...good, payload: flipped(good.payload, 4_000) }),
    code: "BAD_SIGNATURE",
  },
  {
    what: "another type of payload",
    file: writeEnvelope({ ...good, payloadType: "application/json" }),
    code: "BAD_SIGNATURE",
  },
  { what: "half of a file", file: text.slice(0, text.length / 2), code: "BAD_JSON" },
  {
    what: "a file without signatures",
    file: JSON.stringify({ ...JSON.parse(text), signatures: [] }),
    code: "BAD_ENVELOPE",
  },
  {
    what: "a member that nobody knows",
    file: JSON.stringify({ ...JSON.parse(text), trusted: true }),
    code: "BAD_ENVELOPE",
  },
  {
    what: "a member twice",
    file: text.replace("{", '{"payload":"e30=",'),
    code: "BAD_JSON",
  },
  {
    what: "a bundle that rests on a certificate",
    file: writeBundle(good).replace(/"publicKey":\{[^}]*\}/, '"certificate":{"rawBytes":""}'),
    code: "BAD_ENVELOPE",
  },
  {
    what: "an expired key",
    file: text,
    policy: { key: { notAfter: "2026-01-01T00:00:00Z" } },
    code: "KEY_EXPIRED",
  },
  {
    what: "a key of the future",
    file: text,
    policy: { key: { notBefore: "2100-01-01T00:00:00Z" } },
    code: "KEY_NOT_YET",
  },
  {
    what: "a revoked key",
    file: text,
    policy: { revoked: { keys: [{ id: release.key.id, why: "lost" }] } },
    code: "KEY_REVOKED",
  },
  {
    what: "a revoked model",
    file: text,
    policy: { revoked: { models: [{ digest: modelDigest(model, SHA256) }] } },
    code: "MODEL_REVOKED",
  },
  {
    what: "a name that nobody may sign",
    file: text,
    policy: { rule: { models: ["till"] } },
    code: "NO_RULE",
  },
  {
    what: "a key for other names",
    file: text,
    policy: { rule: { keys: ["other"] } },
    code: "KEY_NOT_FOR_NAME",
  },
  {
    what: "one signer of two",
    file: text,
    policy: { rule: { keys: ["release", "other"], threshold: 2 } },
    code: "TOO_FEW",
  },
  {
    what: "a statement that is none",
    file: writeEnvelope(signedBy({ ...bare, payload: Buffer.from("{}") }, release)),
    code: "BAD_CONTENT",
  },
  {
    what: "another program than it was signed for",
    file: text,
    policy: { rule: { subject: "required" } },
    asked: ["--subject", `sha256:${"bb".repeat(32)}`],
    code: "WRONG_SUBJECT",
  },
  {
    what: "nothing that it is known to be for",
    file: text,
    policy: { rule: { subject: "required" } },
    code: "NO_SUBJECT",
    // it knows what it is about to run
    run: /WRONG_SUBJECT/,
  },
  {
    what: "another name than asked for",
    file: text,
    asked: ["--name", "shop-db"],
    code: "WRONG_MODEL",
    run: undefined,
  },
];

function trusted(row: Pick<Row, "policy">, n: number): readonly string[] {
  if (row.policy === undefined) return ["--key", place.path("release.pem")];
  return ["--policy", place.write(`policy-${n}.json`, policy(row.policy))];
}

const run = (file: string, trust: readonly string[]): ReturnType<Place["galgo"]> =>
  place.galgo(
    ...["run", "-m", file, "--detect", "--require-signature", ...trust],
    ...["--", "sh", "-c", `echo ${MARKER}`],
  );

describe("a model that is trusted", { concurrency: 2 }, () => {
  const file = place.write("good.json", text);
  it("is verified, and the command runs under it", async () => {
    for (const trust of [trusted({}, 0), trusted({ policy: {} }, 1_000)]) {
      const verified = await place.galgo("verify", ...trust, "--json", file);
      assert.equal(verified.status, 0, verified.stderr);
      assert.equal(JSON.parse(verified.stdout).verified, true);
      const ran = await run(file, trust);
      assert.equal(ran.stdout, `${MARKER}\n`, ran.stderr);
      assert.equal(ran.status, 0);
    }
  });
});

describe("what never ends", () => {
  it("is refused when it is longer than a model can be", async () => {
    const { status, stderr } = await place.galgo("verify", ...trusted({}, 0), "/dev/zero");
    assert.equal(status, 2);
    assert.match(stderr, /^galgo: model \/dev\/zero is larger than \d+ bytes\n$/);
  });

  it("is read when it comes through a pipe", async () => {
    const cat = ["sh", "-c", 'cat good.json | "$@"', "sh"];
    place.write("good.json", text);
    const args = ["verify", ...trusted({}, 0), "/dev/stdin"];
    assert.equal((await place.wrapped(cat, args).ended).status, 0);
  });
});

describe("refused by the commands", { concurrency: 2 }, () => {
  for (const [n, row] of ROWS.entries()) {
    const { code, what } = row;
    it(`${code}: ${what}`, async () => {
      const file = place.write(`model-${n}.json`, row.file);
      const trust = trusted(row, n);
      const verified = await place.galgo("verify", ...trust, ...(row.asked ?? []), "--json", file);
      assert.equal(verified.status, 1, verified.stderr);
      const said = JSON.parse(verified.stdout);
      assert.equal(said.verified, false);
      assert.deepEqual(said.refusals.map(codeOf), [code]);
      const why = "run" in row ? row.run : wordsOf(code);
      if (why === undefined) return;
      const ran = await run(file, trust);
      assert.equal(ran.status, 125, ran.stdout);
      assert.equal(ran.stdout, "", "the command did not run");
      assert.match(ran.stderr, /^galgo: [^\n]+\n$/);
      assert.match(ran.stderr, why);
    });
  }

  it("for every reason that there is", () => {
    const tried = new Set<string>(ROWS.map(({ code }) => code));
    assert.deepEqual(
      MODEL_REFUSALS.filter((code) => !tried.has(code)),
      [],
    );
  });
});

const codeOf = ({ code }: { readonly code: string }): string => code;

/** What is wrong with a file before it is a signed model is told in words. */
function wordsOf(code: Code): RegExp {
  if (code === "BAD_ENVELOPE") return /envelope|Sigstore|certificate/;
  return code === "BAD_JSON" ? /JSON|twice/ : new RegExp(code);
}
