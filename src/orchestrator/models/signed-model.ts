// SPDX-License-Identifier: Apache-2.0
// A model out of a signed file. Where a signature is demanded it is checked first: not a line of what is not trusted takes effect.
import { appraiseModel, type ModelRefusal, unsignedRefusal } from "../../attest/policy/appraise.ts";
import { readSignedFile, type SignedFile } from "../../attest/signed/sigstore-bundle.ts";
import { type DigestSet, type Subject, statementOf } from "../../attest/signed/statement.ts";
import { quote } from "../../base/quote.ts";
import { modelDigest } from "../../model/index.ts";
import type { WorkloadModel } from "../../model/index.ts";
import { nodeVerifier } from "../../quote/node-verifier.ts";
import { nodeHasher } from "../../tma/index.ts";
import { UntrustedModelError } from "../errors.ts";
import type { SignatureRequirement } from "./signature-requirement.ts";

/** What is asked of a model besides being one. */
export interface ModelTrust {
  /** Absent: signatures are not looked at. */
  readonly requirement?: SignatureRequirement | undefined;
  /** Digests of the image or program that is to run: asked for only where the policy wants the model to be for it. */
  readonly runs?: () => DigestSet | undefined;
  /** Digests of what it has to be for, whatever the policy says. */
  readonly subject?: DigestSet;
  /** Name that it has to have. */
  readonly name?: string;
  /** Milliseconds since 1970; default: the clock. */
  readonly now?: number;
}

/** A key whose signature was checked and counts. */
export interface ModelSigner {
  /** As the policy calls it; else its id. */
  readonly name: string;
  /** SHA-256 of the key, hex. */
  readonly key: string;
}

/** What is known of the signatures of a model. */
export interface ModelSignature {
  readonly form: SignedFile["form"];
  /** SHA-256 of the canonical model, hex. */
  readonly digest: string;
  /** Empty: nobody has asked, so nothing was checked. */
  readonly signedBy: readonly ModelSigner[];
  /** What it says that it is for. */
  readonly subject: readonly Subject[];
  /** Parts that are there and were not checked. */
  readonly unchecked: readonly string[];
}

/** A model and what is known of its signatures. */
export interface UsedModel {
  readonly model: WorkloadModel;
  /** Absent: the file is a plain model. */
  readonly signature?: ModelSignature;
}

/**
 * The model in an envelope or a bundle.
 * @param file for messages
 * @throws SignatureError TOO_LARGE, BAD_JSON, BAD_ENVELOPE, and without a requirement BAD_STATEMENT; ModelError without a requirement;
 *   ModelUseError UNTRUSTED
 */
export function readSignedModel(text: string, file: string, trust: ModelTrust): UsedModel {
  const signed = readSignedFile(text, quote(file));
  return trust.requirement === undefined
    ? uncheckedModel(signed, file)
    : trustedModel(signed, file, { ...trust, requirement: trust.requirement });
}

function uncheckedModel({ form, envelope, unchecked }: SignedFile, file: string): UsedModel {
  const { predicate: model, subject } = statementOf(
    envelope,
    `the payload of ${quote(file)}`,
    nodeHasher,
  );
  const digest = modelDigest(model, nodeHasher("sha256"));
  return { model, signature: { form, digest, signedBy: [], subject, unchecked } };
}

function trustedModel(
  { form, envelope, unchecked }: SignedFile,
  file: string,
  { requirement, runs, subject, name, now }: ModelTrust & { requirement: SignatureRequirement },
): UsedModel {
  const appraisal = appraiseModel(envelope, {
    policy: requirement.policy,
    verifier: nodeVerifier,
    hasher: nodeHasher,
    now: now ?? Date.now(),
    name: quote(file),
    ...(runs === undefined ? {} : { runs }),
    ...(subject === undefined ? {} : { subject }),
    ...(name === undefined ? {} : { model: name }),
  });
  if (!appraisal.trusted) throw untrusted(file, requirement, appraisal.refusals);
  const { model, statement, digest } = appraisal;
  const signedBy = appraisal.signedBy.map(({ name: called, key }) => ({
    name: called,
    key: key.id,
  }));
  return {
    model,
    signature: { form, digest, signedBy, subject: statement.subject, unchecked },
  };
}

/** The error for a plain model where a signed one is demanded. */
export function unsigned(file: string, requirement: SignatureRequirement): UntrustedModelError {
  return untrusted(file, requirement, [unsignedRefusal(quote(file))]);
}

function untrusted(
  file: string,
  { source }: SignatureRequirement,
  refusals: readonly ModelRefusal[],
): UntrustedModelError {
  const reasons = refusals.map(({ code, why }) => `${code}: ${why}`).join("; ");
  const problem = `the model ${quote(file)} is not trusted by ${source}: ${reasons}`;
  return new UntrustedModelError(problem, refusals);
}
