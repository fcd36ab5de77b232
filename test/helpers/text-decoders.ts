// SPDX-License-Identifier: Apache-2.0
// As byte-decoders.ts, for those that read text or files.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parsePemChain } from "../../src/attest/cc/certificate.ts";
import {
  decodeBase64url,
  bytesOfBase64,
  bytesOfBase64Url,
} from "../../src/attest/encoding/strict-base64.ts";
import { parseStrictJson } from "../../src/attest/encoding/strict-json.ts";
import { encodeJson } from "../../src/attest/evidence/canonical-json.ts";
import { evidenceFromJson, evidenceToJson } from "../../src/attest/evidence/claims.ts";
import { openEatJwt, signEatJwt } from "../../src/attest/evidence/eat-jwt.ts";
import { signJws } from "../../src/attest/evidence/jws.ts";
import { parseImaReference } from "../../src/attest/ima/reference.ts";
import { publicKeyOfJwk } from "../../src/attest/keys/jwk.ts";
import { publicKeyOfPem } from "../../src/attest/keys/keys.ts";
import { readTrustPolicy } from "../../src/attest/policy/trust-file.ts";
import { envelopeOf, readEnvelope } from "../../src/attest/signed/dsse.ts";
import {
  looksSigned,
  readSignedFile,
  writeBundle,
} from "../../src/attest/signed/sigstore-bundle.ts";
import { SignatureError } from "../../src/attest/signed/errors.ts";
import { readAuthorities } from "../../src/attest/tpm/endorsement.ts";
import { readPaper } from "../../src/attest/tpm/enrollment.ts";
import { EAR_PROFILE, EAR_TYPE, openResult } from "../../src/attest/verify/ear.ts";
import { readVerifierPolicy } from "../../src/attest/verify/policy-file.ts";
import { quote } from "../../src/base/quote.ts";
import {
  parseAttestAnswer,
  parseAttestOrder,
  readNonce,
} from "../../src/orchestrator/attest/order.ts";
import { parseChallenges } from "../../src/orchestrator/oci/challenge.ts";
import { credentialsFor } from "../../src/orchestrator/oci/credentials.ts";
import { parseReference } from "../../src/orchestrator/oci/reference.ts";
import { parseChallengeOrder, parseEvidenceOrder } from "../../src/verifier/service/bodies.ts";
import { parseListen } from "../../src/verifier/service/serve.ts";
import { readPublicKey, readSigner } from "../../src/quote/key-files.ts";
import { HOST, SIGNED_MODEL } from "./attested.ts";
import { aSigner, nodeVerifier } from "./signing.ts";
import { pem } from "./vendor-chains.ts";
import { policyText } from "./verifier-policy.ts";
import { verifyCrypto } from "./verify-crypto.ts";
import {
  CREDULOUS,
  amd,
  envelope,
  evidence,
  imaReference,
  intel,
  logins,
  paper,
  signer,
  tokenSigner,
  tpm,
  trustText,
  type Decoder,
} from "./decoder-samples.ts";

/** A reader of files: each text is one. */
function ofFile(folder: string, read: (path: string) => unknown): (text: string) => unknown {
  const path = join(folder, "file");
  return (text) => {
    writeFileSync(path, text);
    return read(path);
  };
}

/** @param folder for those that read files */
export function textDecoders(folder: string): readonly Decoder<string>[] {
  return [...TEXT_DECODERS, ...fileDecoders(folder)];
}

const TEXT_DECODERS: readonly Decoder<string>[] = [
  { name: "bytesOfBase64", good: ["AAECAwQ="], throws: ["SignatureError"], read: bytesOfBase64 },
  {
    name: "bytesOfBase64Url",
    good: ["AAECAwQ"],
    throws: ["SignatureError"],
    read: bytesOfBase64Url,
  },
  { name: "decodeBase64url", good: ["AAECAwQ"], throws: [], read: decodeBase64url },
  {
    name: "parseStrictJson",
    good: [trustText],
    throws: ["SignatureError"],
    read: (text) => parseStrictJson(text, "f"),
  },
  {
    name: "publicKeyOfPem",
    good: [signer.publicPem],
    throws: ["SignatureError"],
    read: (text) => publicKeyOfPem(text, nodeVerifier, "key"),
  },
  {
    name: "publicKeyOfJwk",
    good: ["ES256", "RS256", "Ed25519"].map((alg) =>
      JSON.stringify(aSigner(alg as "ES256").secret.export({ format: "jwk" }), [
        "kty",
        "crv",
        "x",
        "y",
        "n",
        "e",
      ]),
    ),
    throws: ["SignatureError"],
    read: (text) => publicKeyOfJwk(parseStrictJson(text, "key"), nodeVerifier, "key"),
  },
  {
    name: "readEnvelope",
    good: [SIGNED_MODEL],
    throws: ["SignatureError"],
    read: (text) => readEnvelope(text, "m"),
  },
  {
    name: "envelopeOf",
    good: [SIGNED_MODEL],
    throws: ["SignatureError"],
    read: (text) => envelopeOf(parseStrictJson(text, "m"), "m"),
  },
  {
    name: "readSignedFile",
    good: [SIGNED_MODEL, writeBundle(envelope)],
    throws: ["SignatureError"],
    read: (text) => [looksSigned(text), readSignedFile(text, "m")],
  },
  {
    name: "readTrustPolicy",
    good: [trustText],
    throws: ["SignatureError"],
    read: (text) => readTrustPolicy(text, "p", nodeVerifier),
  },
  {
    name: "evidenceFromJson",
    good: [new TextDecoder().decode(evidenceToJson(evidence))],
    throws: ["SignatureError", "TokenError"],
    read: (text) => evidenceFromJson(parseStrictJson(text, "claims")),
  },
  {
    name: "openEatJwt",
    good: [await signEatJwt(evidence, tokenSigner)],
    throws: ["TokenError"],
    read: (text) => openEatJwt(text, CREDULOUS),
  },
  {
    name: "openResult",
    good: [await signResultOf()],
    throws: ["TokenError"],
    read: (text) => openResult(text, CREDULOUS),
  },
  {
    name: "readVerifierPolicy",
    good: [policyText(tpm.akName)],
    throws: ["VerifyError", "SignatureError"],
    read: (text) => readVerifierPolicy(text, { name: "p", crypto: verifyCrypto, file: noFile }),
  },
  {
    name: "parseImaReference",
    good: [imaReference],
    throws: ["ImaError", "SignatureError"],
    read: (text) => parseImaReference(text, "r"),
  },
  {
    name: "readPaper",
    good: [paper],
    throws: ["EnrollmentError"],
    read: (text) => readPaper("TpmEnrollment", text, "p"),
  },
  {
    name: "parsePemChain",
    good: [pem(amd.chain.map(({ raw }) => Buffer.from(raw)))],
    throws: ["CcError"],
    read: (text) => parsePemChain(text),
  },
  {
    name: "readAuthorities",
    good: [pem(intel.certificates)],
    throws: ["CcError", "EndorsementError"],
    read: (text) => readAuthorities(text, "a"),
  },
  {
    name: "parseReference",
    good: ["registry.example:5000/shop/web:1.4@sha256:".concat("ab".repeat(32))],
    throws: ["OciError"],
    read: parseReference,
  },
  {
    name: "parseChallenges",
    good: ['Bearer realm="https://a/t",service="s", Basic realm="r"'],
    throws: [],
    read: parseChallenges,
  },
  {
    name: "parseAttestOrder",
    good: [JSON.stringify({ nonce: "ab".repeat(32), form: "cwt" })],
    throws: ["AttestError"],
    read: parseAttestOrder,
  },
  {
    name: "parseAttestAnswer",
    good: [JSON.stringify({ form: "jwt", evidence: "a.b.c" })],
    throws: ["AttestError"],
    read: (text) => parseAttestAnswer(text, { form: "jwt" }),
  },
  {
    name: "parseChallengeOrder",
    good: [JSON.stringify({ use: "start", bytes: 48 })],
    throws: ["ServiceError"],
    read: parseChallengeOrder,
  },
  {
    name: "parseEvidenceOrder",
    good: [
      JSON.stringify({
        ...{ nonce: "ab".repeat(32), evidence: "eyJh.eyJi.c2ln", workload: "shop-web" },
        models: [{ name: "m", text: "{}" }],
        coefficients: ["cd".repeat(32)],
      }),
    ],
    throws: ["ServiceError"],
    read: parseEvidenceOrder,
  },
  {
    name: "parseListen",
    good: ["127.0.0.1:7480", "[::1]:7480", "unix:/run/v.sock"],
    throws: ["ServiceError"],
    read: parseListen,
  },
  { name: "readNonce", good: ["ab".repeat(32)], throws: ["AttestError"], read: readNonce },
];

function fileDecoders(folder: string): readonly Decoder<string>[] {
  return [
    {
      name: "readPublicKey",
      good: [HOST.publicPem],
      throws: ["SignatureError"],
      read: ofFile(folder, (path) => readPublicKey(path)),
    },
    {
      name: "readSigner",
      good: [HOST.privatePem],
      throws: ["SignatureError"],
      read: ofFile(folder, (path) => readSigner(path)),
    },
    {
      name: "credentialsFor",
      good: [logins],
      throws: ["OciError"],
      read: ofFile(folder, (path) => credentialsFor("r.example", { REGISTRY_AUTH_FILE: path })),
    },
  ];
}

function noFile(name: string): string {
  throw new SignatureError("BAD_POLICY", `there is no ${quote(name)}`);
}

async function signResultOf(): Promise<string> {
  return await signJws(encodeJson({ eat_profile: EAR_PROFILE, iat: 1 }), EAR_TYPE, tokenSigner);
}
