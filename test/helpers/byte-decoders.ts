// SPDX-License-Identifier: Apache-2.0
// Functions that read bytes that others have written: of signed models, evidence, TPMs, vendors' reports and registries; with something good that
// each reads, and the errors that it may throw for anything else.
import { parseCertificate } from "../../src/attest/cc/certificate.ts";
import { parseSgxBody, parseTdBody } from "../../src/attest/cc/intel-bodies.ts";
import { parseIntelQuote } from "../../src/attest/cc/intel-quote.ts";
import { pckFacts } from "../../src/attest/cc/pck.ts";
import { parseSnpReport } from "../../src/attest/cc/snp-report.ts";
import { derTime, oidText, onlyValue, smallInteger } from "../../src/attest/encoding/der.ts";
import { parseStrictJsonBytes } from "../../src/attest/encoding/strict-json.ts";
import { decodeJson } from "../../src/attest/evidence/canonical-json.ts";
import { decodeCbor } from "../../src/attest/evidence/cbor-read.ts";
import {
  evidenceFromCbor,
  evidenceToCbor,
  evidenceToJson,
} from "../../src/attest/evidence/claims.ts";
import { parseSign1 } from "../../src/attest/evidence/cose.ts";
import { openEatCwt, signEatCwt } from "../../src/attest/evidence/eat-cwt.ts";
import { parseAsciiList } from "../../src/attest/ima/ascii.ts";
import { parseBinaryList } from "../../src/attest/ima/binary.ts";
import { derOfRaw, rawOfDer } from "../../src/attest/keys/ecdsa-der.ts";
import { publicKeyOfSpki } from "../../src/attest/keys/keys.ts";
import { spkiFacts } from "../../src/attest/keys/spki.ts";
import { statementOf } from "../../src/attest/signed/statement.ts";
import { parseQuote } from "../../src/attest/tpm/attest-data.ts";
import { parsePublic } from "../../src/attest/tpm/public-area.ts";
import { parseSignature } from "../../src/attest/tpm/signature.ts";
import { looksLikeToken, tokenOfBytes } from "../../src/attest/verify/token-bytes.ts";
import { contentTypeOf } from "../../src/orchestrator/oci/content-type.ts";
import { MANIFEST_TYPE, readIndex, readManifest } from "../../src/orchestrator/oci/manifest.ts";
import { decodeResponse } from "../../src/quote/tpm/command.ts";
import { SIGNED_MODEL } from "./attested.ts";
import { int, oid, seq } from "./der-writer.ts";
import { asciiList, binaryList, EVERY_TEMPLATE } from "./ima-lists.ts";
import { aSigner, nodeVerifier } from "./signing.ts";
import { testHasher } from "./test-hasher.ts";
import { snpReport } from "./vendor-chains.ts";
import { intelQuote } from "./vendor-quotes.ts";
import {
  CREDULOUS,
  amd,
  bytesOf,
  encoder,
  envelope,
  evidence,
  index,
  intel,
  manifest,
  quoted,
  signer,
  tokenSigner,
  tpm,
  trustText,
  type Decoder,
} from "./decoder-samples.ts";

export const BYTE_DECODERS: readonly Decoder<Uint8Array>[] = [
  {
    name: "onlyValue",
    good: [seq(oid("1.2.840.10045.2.1"), int(5))],
    throws: ["DerError"],
    read: (bytes) => onlyValue(bytes, "value"),
  },
  {
    name: "oidText",
    good: [oid("1.2.840.113549.1.1.10").subarray(2)],
    throws: ["DerError"],
    read: oidText,
  },
  {
    name: "smallInteger",
    good: [Uint8Array.of(0, 200)],
    throws: ["DerError"],
    read: (body) => smallInteger(body, "number"),
  },
  {
    name: "derTime",
    good: [encoder.encode("20260601000000Z")],
    throws: ["DerError"],
    read: (body) => derTime({ tag: 0x18, body, raw: body }),
  },
  {
    name: "rawOfDer",
    good: [derOfRaw(signer.sign(encoder.encode("x")))],
    throws: ["SignatureError"],
    read: (bytes) => rawOfDer(bytes, 32),
  },
  {
    name: "spkiFacts",
    good: [signer.key.spki, aSigner("RS256").key.spki, aSigner("Ed25519").key.spki],
    throws: ["SignatureError"],
    read: (bytes) => spkiFacts(bytes, "key"),
  },
  {
    name: "publicKeyOfSpki",
    good: [signer.key.spki],
    throws: ["SignatureError"],
    read: (bytes) => publicKeyOfSpki(bytes, nodeVerifier, "key"),
  },
  {
    name: "parseStrictJsonBytes",
    good: [encoder.encode(trustText)],
    throws: ["SignatureError"],
    read: (bytes) => parseStrictJsonBytes(bytes, "f"),
  },
  {
    name: "statementOf",
    good: [envelope.payload],
    throws: ["SignatureError", "ModelError"],
    read: (payload) => statementOf({ ...envelope, payload }, "m", testHasher),
  },
  {
    name: "decodeJson",
    good: [evidenceToJson(evidence)],
    throws: ["TokenError"],
    read: (bytes) => decodeJson(bytes, "claims"),
  },
  {
    name: "decodeCbor",
    good: [evidenceToCbor(evidence)],
    throws: ["CborError"],
    read: decodeCbor,
  },
  {
    name: "evidenceFromCbor",
    good: [evidenceToCbor(evidence)],
    throws: ["CborError", "TokenError"],
    read: (bytes) => evidenceFromCbor(decodeCbor(bytes)),
  },
  {
    name: "parseSign1",
    good: [await signEatCwt(evidence, tokenSigner)],
    throws: ["TokenError"],
    read: parseSign1,
  },
  {
    name: "openEatCwt",
    good: [await signEatCwt(evidence, tokenSigner)],
    throws: ["TokenError"],
    read: (bytes) => openEatCwt(bytes, CREDULOUS),
  },
  {
    name: "tokenOfBytes",
    good: [await signEatCwt(evidence, tokenSigner), encoder.encode("eyJh.eyJi.c2ln\n")],
    throws: [],
    read: (bytes) => [looksLikeToken(bytes), tokenOfBytes(bytes)],
  },
  {
    name: "parseBinaryList",
    good: [bytesOf(binaryList(EVERY_TEMPLATE))],
    throws: ["ImaError"],
    read: (bytes) => parseBinaryList(bytes),
  },
  {
    name: "parseAsciiList",
    good: [encoder.encode(asciiList(EVERY_TEMPLATE))],
    throws: ["ImaError"],
    read: parseAsciiList,
  },
  { name: "parsePublic", good: [tpm.akPublic], throws: ["TpmFormatError"], read: parsePublic },
  { name: "parseQuote", good: [quoted.attest], throws: ["TpmFormatError"], read: parseQuote },
  {
    name: "parseSignature",
    good: [quoted.signature],
    throws: ["TpmFormatError"],
    read: parseSignature,
  },
  {
    name: "decodeResponse",
    good: [Uint8Array.of(0x80, 1, 0, 0, 0, 12, 0, 0, 0, 0, 0, 0)],
    throws: ["TpmError", "TpmFormatError", "TpmRefusal"],
    read: (bytes) => decodeResponse({ name: "GetRandom" }, bytes),
  },
  {
    name: "parseCertificate",
    good: amd.chain.map(({ raw }) => raw),
    throws: ["CcError"],
    read: parseCertificate,
  },
  {
    name: "pckFacts",
    good: intel.certificates.slice(0, 1).map(bytesOf),
    throws: ["CcError"],
    read: (bytes) => pckFacts(parseCertificate(bytes)),
  },
  {
    name: "parseSnpReport",
    good: [bytesOf(snpReport(amd))],
    throws: ["CcError"],
    read: parseSnpReport,
  },
  {
    name: "parseIntelQuote",
    good: [bytesOf(intelQuote(intel, "sgx3")), bytesOf(intelQuote(intel, "tdx5-1.5"))],
    throws: ["CcError"],
    read: parseIntelQuote,
  },
  { name: "parseSgxBody", good: [new Uint8Array(384)], throws: ["CcError"], read: parseSgxBody },
  { name: "parseTdBody", good: [new Uint8Array(584)], throws: ["CcError"], read: parseTdBody },
  {
    name: "readManifest",
    good: [manifest],
    throws: ["OciError"],
    read: (bytes) =>
      readManifest({ digest: "", mediaType: MANIFEST_TYPE, bytes: Buffer.from(bytes) }, "m"),
  },
  {
    name: "readIndex",
    good: [index],
    throws: ["OciError"],
    read: (bytes) => readIndex(Buffer.from(bytes), "i"),
  },
  {
    name: "contentTypeOf",
    good: [encoder.encode(SIGNED_MODEL)],
    throws: [],
    read: contentTypeOf,
  },
];
