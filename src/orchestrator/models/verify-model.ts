// SPDX-License-Identifier: Apache-2.0
// Whether a model file is signed as it has to be, whatever its form: envelope, bundle, or text model of Quixote. A verdict, not an error.
import type { ModelRefusalCode } from "../../attest/policy/appraise.ts";
import { SignatureError, type SignatureErrorCode } from "../../attest/signed/errors.ts";
import { looksSigned, type SignedFile } from "../../attest/signed/sigstore-bundle.ts";
import type { DigestSet, Subject } from "../../attest/signed/statement.ts";
import { quote } from "../../base/quote.ts";
import { ModelError } from "../../model/index.ts";
import type { DigestName } from "../../model/index.ts";
import { ModelUseError, UntrustedModelError } from "../errors.ts";
import { fingerprintOfFile } from "./model-signature.ts";
import { isGalgoForm, parseAnyModel } from "./model-text-file.ts";
import { looksLikeTextModel } from "./text-form.ts";
import { useModel } from "./model-use.ts";
import { readRequirement, type RequirementFiles } from "./signature-requirement.ts";
import { writeModel } from "./write-model.ts";
import type { ModelSigner, UsedModel } from "./signed-model.ts";

export interface VerifyRequest {
  readonly file: string;
  readonly bytes: Buffer;
  /** Public keys that count (Ed25519 and P-256; RSA for text models), or a trust policy. */
  readonly trust: RequirementFiles;
  /** What the model has to be for. */
  readonly subject?: DigestSet;
  /** Name that it has to have. */
  readonly name?: string;
  /** Where the plain model is written when it is verified. */
  readonly output?: string;
  /** Of a text model; default sha256. */
  readonly digest?: DigestName;
}

/** Codes of what is wrong with a file before anybody can say whether to trust it, beside those of an appraisal. */
export type VerdictCode = ModelRefusalCode | SignatureErrorCode;

export interface VerdictRefusal {
  readonly code: VerdictCode;
  readonly why: string;
}

/** What is said of a model that is trusted. */
export interface VerifiedModel {
  /** A text model has none. */
  readonly name?: string;
  /** SHA-256 of the canonical model, hex; a text model has none. */
  readonly digest?: string;
  readonly state?: string;
  readonly behaviours: number;
  readonly sealed: boolean;
}

export interface ModelVerdict {
  readonly verified: boolean;
  readonly form: SignedFile["form"] | "text" | "plain" | "unknown";
  /** Empty when it is verified. */
  readonly refusals: readonly VerdictRefusal[];
  readonly model?: VerifiedModel;
  readonly signedBy: readonly ModelSigner[];
  readonly subject: readonly Subject[];
  readonly checked: readonly string[];
  readonly notChecked: readonly string[];
}

/**
 * Verifies a model, and writes it without its signatures where that is asked for.
 * @throws StateError NOT_WRITABLE; SignatureError BAD_KEY, BAD_POLICY and ModelUseError BAD_KEY, BAD_OPTION: what it is to be verified with can not be used
 */
export function verifyModel(request: VerifyRequest): ModelVerdict {
  const { bytes } = request;
  if (!isGalgoForm(bytes)) return verifyText(request);
  const requirement = readRequirement(request.trust);
  const { file, subject, name, digest } = request;
  if (digest !== undefined) {
    throw new ModelUseError(
      "BAD_OPTION",
      `--digest is for text models of Quixote, and ${quote(file)} says itself which digest it was made with`,
    );
  }
  const text = bytes.toString("utf8");
  const form = looksSigned(text)
    ? BUNDLE.test(text.slice(0, LOOKED_AT))
      ? "sigstore"
      : "dsse"
    : "plain";
  try {
    const used = useModel(text, file, {
      requirement,
      ...(subject === undefined ? {} : { subject }),
      ...(name === undefined ? {} : { name }),
    });
    return verified(used, request);
  } catch (error) {
    return refused(form, refusalsOf(error));
  }
}

/** Only to name the form of what is refused. */
const BUNDLE = /"(?:mediaType|verificationMaterial|dsseEnvelope)"/;
const LOOKED_AT = 1_024;

function verified({ model, signature }: UsedModel, request: VerifyRequest): ModelVerdict {
  if (request.output !== undefined) writeModel(request.output, model);
  const { metadata, spec } = model;
  const { form = "plain", signedBy = [], subject = [], unchecked = [] } = signature ?? {};
  const { digest } = signature ?? {};
  return {
    verified: true,
    form,
    refusals: [],
    model: {
      name: metadata.name,
      ...(digest === undefined ? {} : { digest }),
      state: spec.state,
      behaviours: spec.points.length,
      sealed: spec.sealed,
    },
    signedBy,
    subject,
    checked: [
      "the signatures, over every byte of the statement",
      request.trust.policy === undefined
        ? "that one is of a key that was given"
        : "the policy: who may sign this name, times and replacements of keys, what was revoked",
      "the model itself: its form, and that its state is that of its points",
      ...(request.subject === undefined ? [] : ["that it is for what was given"]),
      ...(request.name === undefined ? [] : ["its name"]),
    ],
    notChecked: [
      ...unchecked,
      "when it was signed: signatures carry no time that can be trusted",
      ...(request.subject === undefined ? ["that it is for what you will run (--subject)"] : []),
      "whether it is the newest: an older one stays good until it is revoked",
      "whether the model is good enough to be enforced (galgo model lint)",
    ],
  };
}

function refused(form: ModelVerdict["form"], refusals: readonly VerdictRefusal[]): ModelVerdict {
  const nothing = { signedBy: [], subject: [], checked: [], notChecked: [] };
  return { verified: false, form, refusals, ...nothing };
}

/** What is wrong with the file; other errors go on. */
function refusalsOf(error: unknown): readonly VerdictRefusal[] {
  if (error instanceof UntrustedModelError) return error.refusals;
  if (!(error instanceof ModelUseError)) throw error;
  const { cause, message } = error;
  if (cause instanceof SignatureError) return [{ code: cause.code, why: message }];
  if (cause instanceof ModelError) {
    const code = cause.code === "BAD_SIGNATURE" ? "BAD_SIGNATURE" : "BAD_CONTENT";
    return [{ code, why: message }];
  }
  throw error;
}

/** RSA, by the rules of Quixote's tools. The key in the file says nothing by itself: it has to be one that was given. */
function verifyText(request: VerifyRequest): ModelVerdict {
  const { bytes, file, trust, digest, subject, name, output } = request;
  if (!looksLikeTextModel(bytes.toString("latin1", 0, LOOKED_AT))) {
    const why = `${quote(file)} is no model: neither Galgo's form, plain or signed, nor a text model of Quixote`;
    return refused("unknown", [{ code: "BAD_CONTENT", why }]);
  }
  if (trust.policy !== undefined) {
    throw new ModelUseError(
      "BAD_OPTION",
      `${quote(file)} is no model of Galgo. A text model carries no name, so no rule of a policy is for it: --key PUBLIC.pem (RSA) verifies it`,
    );
  }
  if (subject !== undefined || name !== undefined) {
    throw new ModelUseError(
      "BAD_OPTION",
      `${quote(file)} is no model of Galgo, and a text model says neither its name nor what it is for`,
    );
  }
  if (output !== undefined) {
    throw new ModelUseError(
      "BAD_OPTION",
      `${quote(file)} is no model of Galgo; galgo model convert --key makes one of it`,
    );
  }
  const { keys = [] } = trust;
  if (keys.length === 0) readRequirement(trust);
  const known = new Map(keys.map((key) => [fingerprintOfFile(key), key]));
  try {
    const any = parseAnyModel(bytes, file, digest === undefined ? {} : { digest });
    if (any.form !== "text")
      throw new ModelUseError("BAD_MODEL", `${quote(file)} is no text model`);
    if (any.signer === undefined) {
      return refused("text", [{ code: "UNSIGNED", why: `${quote(file)} is not signed` }]);
    }
    const { fingerprint } = any.signer;
    if (!known.has(fingerprint)) {
      const why = `it was signed with the key ${fingerprint}, which is none of those given`;
      return refused("text", [{ code: "UNKNOWN_KEY", why }]);
    }
    const { states, sealed } = any.reading.model;
    return {
      verified: true,
      form: "text",
      refusals: [],
      model: { behaviours: new Set(states).size, sealed },
      signedBy: [{ name: known.get(fingerprint) ?? fingerprint, key: fingerprint }],
      subject: [],
      checked: [
        "the signature (RSA, SHA-256), over every line before it",
        "that it is of a key that was given",
      ],
      notChecked: [
        "name and purpose: a text model has none",
        "with which mapping its states were made: a text model does not say it",
        ...any.reading.warnings.map(({ line, text }) => `line ${line}: ${text}`),
      ],
    };
  } catch (error) {
    return refused("text", refusalsOf(error));
  }
}
