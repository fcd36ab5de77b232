// SPDX-License-Identifier: Apache-2.0
// The Sigstore bundle (protobuf-specs, v0.1 to v0.3) of a DSSE envelope that was signed with a key of one's own. What rests on certificates
// of Fulcio is refused: it can not be checked without the roots and logs of Sigstore. Time stamps and log entries are not looked at.
import * as z from "zod/mini";
import {
  type Envelope,
  type EnvelopeJson,
  envelopeJson,
  envelopeOf,
  envelopeSchema,
} from "./dsse.ts";
import { refuseTooLong } from "./dsse.ts";
import { firstWords } from "../encoding/schema-words.ts";
import { SignatureError } from "./errors.ts";
import { MAX_KEYID_CHARS } from "./limits.ts";
import { parseStrictJson } from "../encoding/strict-json.ts";

export const BUNDLE_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json";
const BUNDLE_TYPES = [
  BUNDLE_TYPE,
  "application/vnd.dev.sigstore.bundle+json;version=0.3",
  "application/vnd.dev.sigstore.bundle+json;version=0.2",
  "application/vnd.dev.sigstore.bundle+json;version=0.1",
] as const;

interface BundleShape {
  readonly mediaType: (typeof BUNDLE_TYPES)[number];
  readonly verificationMaterial: {
    readonly publicKey: { readonly hint?: string };
    readonly tlogEntries?: readonly unknown[];
    readonly timestampVerificationData?: { readonly rfc3161Timestamps?: readonly unknown[] } | null;
  };
  readonly dsseEnvelope: EnvelopeJson;
}

/** What a file with signatures holds. */
export interface SignedFile {
  readonly form: "dsse" | "sigstore";
  readonly envelope: Envelope;
  /** Parts that are there and were not checked. */
  readonly unchecked: readonly string[];
}

let made: z.ZodMiniType<BundleShape> | undefined;

function bundleSchema(): z.ZodMiniType<BundleShape> {
  made ??= z.strictObject({
    mediaType: z.enum(BUNDLE_TYPES),
    verificationMaterial: z.strictObject({
      publicKey: z.strictObject({
        hint: z.exactOptional(z.string().check(z.maxLength(MAX_KEYID_CHARS))),
      }),
      tlogEntries: z.exactOptional(z.array(z.unknown())),
      timestampVerificationData: z.exactOptional(
        z.nullable(z.strictObject({ rfc3161Timestamps: z.exactOptional(z.array(z.unknown())) })),
      ),
    }),
    dsseEnvelope: envelopeSchema(),
  });
  return made;
}

/**
 * Reads a DSSE envelope or a Sigstore bundle. It says nothing of whether the signatures are good.
 * @param name of the thing, for messages; shown as it is
 * @throws SignatureError TOO_LARGE, BAD_JSON, BAD_ENVELOPE
 */
export function readSignedFile(text: string, name: string): SignedFile {
  refuseTooLong(text, name);
  const value = parseStrictJson(text, name);
  if (!isBundle(value)) return { form: "dsse", envelope: envelopeOf(value, name), unchecked: [] };
  refuseCertificate(value, name);
  const result = bundleSchema().safeParse(value);
  if (!result.success) {
    throw bad(name, `is no Sigstore bundle: ${firstWords(result.error, value)}`);
  }
  const { verificationMaterial, dsseEnvelope } = result.data;
  const envelope = envelopeOf(dsseEnvelope, name);
  return {
    form: "sigstore",
    envelope: hinted(envelope, verificationMaterial.publicKey.hint ?? "", name),
    unchecked: uncheckedOf(verificationMaterial),
  };
}

/** Whether the text of a file is, by its look, signed: an envelope or a bundle and not a plain model. */
export function looksSigned(text: string): boolean {
  return /"(?:payloadType|dsseEnvelope)"\s*:|^\s*\{\s*"payload"\s*:/.test(
    text.slice(0, LOOKED_AT) + text.slice(-LOOKED_AT),
  );
}

const LOOKED_AT = 4_096;

function isBundle(value: unknown): value is Readonly<Record<string, unknown>> {
  return (
    typeof value === "object" &&
    value !== null &&
    (Object.hasOwn(value, "verificationMaterial") || Object.hasOwn(value, "mediaType"))
  );
}

function refuseCertificate(value: Readonly<Record<string, unknown>>, name: string): void {
  const material = value["verificationMaterial"];
  if (typeof material !== "object" || material === null) return;
  if (!Object.hasOwn(material, "certificate") && !Object.hasOwn(material, "x509CertificateChain")) {
    return;
  }
  throw bad(
    name,
    "rests on a certificate; only bundles that were made with a public key can be checked here",
  );
}

/** A bundle has one signature, and the hint says whose it is. */
function hinted(envelope: Envelope, hint: string, name: string): Envelope {
  const [signature, ...more] = envelope.signatures;
  if (signature === undefined || more.length > 0) {
    throw bad(name, `has ${envelope.signatures.length} signatures, a Sigstore bundle has one`);
  }
  if (hint === "" || signature.keyid === hint) return envelope;
  if (signature.keyid !== undefined) throw bad(name, "names two keys for one signature");
  return { ...envelope, signatures: [{ ...signature, keyid: hint }] };
}

function uncheckedOf(material: BundleShape["verificationMaterial"]): readonly string[] {
  const logs = material.tlogEntries ?? [];
  const stamps = material.timestampVerificationData?.rfc3161Timestamps ?? [];
  return [
    ...(logs.length > 0 ? [`${logs.length} log entries`] : []),
    ...(stamps.length > 0 ? [`${stamps.length} time stamps`] : []),
  ];
}

/**
 * The bundle of an envelope with one signature, as text.
 * @throws SignatureError BAD_ENVELOPE: it has none or several
 */
export function writeBundle(envelope: Envelope): string {
  const [signature, ...more] = envelope.signatures;
  if (signature?.keyid === undefined || more.length > 0) {
    const problem =
      "a Sigstore bundle holds exactly one signature, of a key that is named; a DSSE envelope may have several";
    throw new SignatureError("BAD_ENVELOPE", problem);
  }
  const bundle: BundleShape = {
    mediaType: BUNDLE_TYPE,
    verificationMaterial: {
      publicKey: { hint: signature.keyid },
      tlogEntries: [],
      timestampVerificationData: { rfc3161Timestamps: [] },
    },
    dsseEnvelope: envelopeJson(envelope),
  };
  return `${JSON.stringify(bundle)}\n`;
}

function bad(name: string, why: string): SignatureError {
  return new SignatureError("BAD_ENVELOPE", `${name} ${why}`);
}
