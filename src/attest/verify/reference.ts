// SPDX-License-Identifier: Apache-2.0
// Whether the behaviour is one that is known to be good: which model the run had, who signed it, and whether the state is the one that
// this model makes on this platform.
import { quote } from "../../base/quote.ts";
import { createMapper, createModel, MAPPING_NAMES, modelDigest } from "../../model/index.ts";
import type { WorkloadModel } from "../../model/index.ts";
import type { Evidence } from "../evidence/index.ts";
import { appraiseModel, type ModelRefusal, unsignedRefusal } from "../policy/appraise.ts";
import { fits } from "../policy/trust-policy.ts";
import { SignatureError } from "../signed/errors.ts";
import { looksSigned, readSignedFile } from "../signed/sigstore-bundle.ts";
import type { DigestSet } from "../signed/statement.ts";
import type { Findings } from "./findings.ts";
import { MAX_BROUGHT_MODELS } from "./limits.ts";
import { sameHex } from "./same-hex.ts";
import type { NamedText, ReferenceModel, VerifyCase, VerifyCrypto, WorkloadRule } from "./types.ts";

/** A model that is good by the policy. */
export interface GoodModel extends ReferenceModel {
  /** Ids of the keys that count; undefined: the policy names the model itself. */
  readonly signedBy?: readonly string[];
}

export interface ReferenceFinding {
  /** The model that the run had, or whose state it has. */
  readonly model?: GoodModel;
  /** Whether the state is known to be good. */
  readonly known: boolean;
  /** So many behaviours that the model lacks are in it, which the policy excuses. */
  readonly excused?: number;
}

interface Asked {
  readonly evidence: Evidence;
  readonly rule: WorkloadRule;
  readonly given: VerifyCase;
  readonly crypto: VerifyCrypto;
  readonly found: Findings;
}

interface Refused {
  readonly name: string;
  readonly refusals: readonly ModelRefusal[];
}

/** Checks model, signature and state. The state itself may be excused later, by what is known of its coefficients. */
export function checkReference(asked: Asked): ReferenceFinding {
  const { evidence, rule } = asked;
  const { good, refused } = goodModels(asked);
  const model = namedModel(asked, good);
  const whose = evidence.model !== undefined ? model : modelOfState(asked, good);
  if (rule.reference.demanded && evidence.model?.signedBy === undefined) {
    asked.found.refuse(
      "SIGNATURE_NOT_DEMANDED",
      "the run took its model without asking who signed it",
    );
  }
  if (whose === undefined) tellWhyNone(asked, usable(rule, good), refused);
  else checkModel(whose, asked);
  const known =
    rule.reference.states.some((state) => sameHex(state, evidence.state)) ||
    (whose !== undefined && sameHex(stateUnder(whose.model, asked), evidence.state));
  return { ...(whose !== undefined && { model: whose }), known };
}

/** Says of the state what is known: to be called when nothing more can excuse it. */
export function tellState(
  { model, known, excused }: ReferenceFinding,
  { evidence, crypto, found }: Pick<Asked, "evidence" | "crypto" | "found">,
): void {
  if (known) {
    const more = excused === undefined ? "" : ` with ${excused} more, which the policy excuses`;
    const of = model === undefined ? "one that the policy names" : `that of ${model.source}${more}`;
    found.good("executables", `the state is ${of}`);
    return;
  }
  const want =
    model === undefined
      ? "none that the policy names"
      : `not ${stateUnder(model.model, { evidence, crypto })}, which ${model.source} makes here`;
  found.refuse("WRONG_STATE", `the state is ${evidence.state}, ${want}`);
}

/**
 * Models that are good for this workload: those that the rule names, and where it takes signed ones those that were brought and have a
 * name that the rule allows. Why others are not good is kept.
 */
function goodModels(asked: Asked): { good: readonly GoodModel[]; refused: readonly Refused[] } {
  const { rule, given, found } = asked;
  const { models, signedModels, signed } = rule.reference;
  const brought = given.models ?? [];
  if (brought.length > MAX_BROUGHT_MODELS) {
    const why = `${brought.length} models were brought; at most ${MAX_BROUGHT_MODELS} are read`;
    found.refuse("UNREADABLE_MODEL", why);
  }
  if (!signed && brought.length > 0) {
    found.gap("the models that were brought: the policy names those that are good");
  }
  const good: GoodModel[] = [...models];
  const refused: Refused[] = [];
  const take = (text: NamedText, named = false): void => {
    const result = signedModel(text, asked);
    if (result === undefined) return;
    const ofName = (model: GoodModel) => (named ? nameRefusals(model, asked) : []);
    const refusals = "model" in result ? ofName(result) : result;
    if ("model" in result && refusals.length === 0) good.push(result);
    else refused.push({ name: text.name, refusals });
  };
  for (const each of signedModels) take(each);
  if (signed) for (const each of brought.slice(0, MAX_BROUGHT_MODELS)) take(each, true);
  return { good, refused };
}

/** A good signature is not enough: a model that is good for another workload is not so for this one, also of the same rule. */
function nameRefusals(
  { model, source }: GoodModel,
  { evidence: { workload }, rule: { reference } }: Asked,
): readonly ModelRefusal[] {
  const { name } = model.metadata;
  const { names } = reference;
  // the workload's own name is no pattern, whatever letters are in it
  const good = names?.some((pattern) => fits(pattern, name)) ?? name === workload.name;
  if (good) return [];
  const wanted = (names ?? [workload.name]).map((each) => quote(each, 80)).join(", ");
  const why = `${source} is the model ${quote(name)}; for this workload it has to be ${wanted}`;
  return [{ code: "WRONG_MODEL", why }];
}

/** undefined: it can not be read, which was told. */
function signedModel(
  { name, text }: NamedText,
  asked: Asked,
): GoodModel | readonly ModelRefusal[] | undefined {
  const { evidence, given, crypto, found } = asked;
  const policy = given.policy.trust;
  if (policy === undefined) {
    const why = `${name}: the policy does not say whose signatures count (trust)`;
    return [{ code: "NO_RULE", why }];
  }
  if (!looksSigned(text)) return [unsignedRefusal(name)];
  try {
    const { envelope, unchecked } = readSignedFile(text, name);
    const appraisal = appraiseModel(envelope, {
      policy,
      verifier: crypto.verifier,
      hasher: crypto.hasher,
      now: given.now,
      name,
      runs: () => imageDigest(evidence),
    });
    if (!appraisal.trusted) return appraisal.refusals;
    for (const part of unchecked) found.gap(`${name}: ${part}`);
    const signedBy = appraisal.signedBy.map(({ key }) => key.id);
    return { source: name, model: appraisal.model, digest: appraisal.digest, signedBy };
  } catch (error) {
    if (!(error instanceof SignatureError)) throw error;
    found.refuse("UNREADABLE_MODEL", error.message);
    return undefined;
  }
}

function imageDigest({ workload }: Evidence): DigestSet | undefined {
  const [algorithm, hex] = workload.image?.split(":") ?? [];
  return algorithm === undefined || hex === undefined ? undefined : { [algorithm]: hex };
}

/** The good model that the evidence names. */
function namedModel({ evidence, rule }: Asked, good: readonly GoodModel[]): GoodModel | undefined {
  const { model } = evidence;
  if (model === undefined) return undefined;
  return usable(rule, good).find(({ digest }) => sameHex(digest, model.digest));
}

/** The good model whose state it is, for a run without a model. */
function modelOfState(asked: Asked, good: readonly GoodModel[]): GoodModel | undefined {
  const fitting = usable(asked.rule, good);
  const { evidence } = asked;
  return (
    fitting.find(({ model }) => sameHex(stateUnder(model, asked), evidence.state)) ??
    (fitting.length === 1 ? fitting[0] : undefined)
  );
}

function usable({ reference }: WorkloadRule, good: readonly GoodModel[]): readonly GoodModel[] {
  return reference.signed ? good.filter(({ signedBy }) => signedBy !== undefined) : good;
}

/** The model of the run is none of the good ones: why, by what was brought. A state that the policy names needs none. */
function tellWhyNone(
  { evidence, rule, given, found }: Asked,
  good: readonly GoodModel[],
  refused: readonly Refused[],
): void {
  const { states, signed, signedModels } = rule.reference;
  if (!signed && states.some((state) => sameHex(state, evidence.state))) return;
  for (const { refusals } of refused) {
    for (const { code, why } of refusals) found.refuseAs(`MODEL_${code}`, "executables", why);
  }
  if (good.length === 0 && refused.length > 0) return;
  const { model } = evidence;
  const read = signedModels.length + (given.models?.length ?? 0);
  if (model === undefined) {
    found.refuse(
      "NO_MODEL",
      "the run was started without a model, and its state is of no good one",
    );
    return;
  }
  const which = `${quote(model.name)} (${model.digest})`;
  if (signed && read === 0) {
    found.refuse("MODEL_NOT_GIVEN", `nobody has brought the signed file of the model ${which}`);
  } else {
    found.refuse("UNKNOWN_MODEL", `the run has the model ${which}, which is none of the good ones`);
  }
}

/** What the evidence says of the model, against the model itself. */
function checkModel(good: GoodModel, { evidence, found, crypto }: Asked): void {
  const { model, rules } = evidence;
  const { spec, metadata } = good.model;
  if (model !== undefined && model.name !== metadata.name) {
    const why = `the evidence calls the model ${quote(model.name)}; its name is ${quote(metadata.name)}`;
    found.refuseAs("MODEL_WRONG_MODEL", "executables", why);
  }
  if (
    rules.mapping !== spec.mapping ||
    rules.digest !== spec.digest ||
    rules.profile !== spec.profile.name
  ) {
    const is = [rules.mapping, rules.digest, rules.profile].map((each) => quote(each)).join(", ");
    const wanted = [spec.mapping, spec.digest, spec.profile.name].map((each) => quote(each));
    found.refuse("WRONG_RULES", `the run went by ${is}; ${good.source} by ${wanted.join(", ")}`);
  }
  checkSigner(good, { evidence, found });
  const digest = modelDigest(good.model, crypto.hasher("sha256"));
  found.good(
    "executables",
    good.signedBy === undefined
      ? `the policy names the model ${quote(metadata.name)} (${digest})`
      : `the model ${quote(metadata.name)} (${digest}) is signed by ${good.signedBy.join(", ")}`,
  );
}

/** Whether the signature that the run itself had checked is one of those that count. */
function checkSigner(
  { signedBy, source }: GoodModel,
  { evidence, found }: Pick<Asked, "evidence" | "found">,
): void {
  const checked = evidence.model?.signedBy;
  if (checked === undefined || signedBy === undefined) return;
  if (!checked.some((id) => signedBy.includes(id))) {
    const by = checked.map((id) => quote(id, 80)).join(", ");
    const why = `the run took the model from ${by}; ${source} is signed by ${signedBy.join(", ")}`;
    found.refuse("WRONG_SIGNER", why);
  }
}

/** The state that a model's behaviours make under the aggregate and the base of the evidence. */
export function stateUnder(
  model: WorkloadModel,
  { evidence, crypto }: Pick<Asked, "evidence" | "crypto">,
): string {
  return valuesOf(model.spec.points, { evidence, crypto })?.state ?? "";
}

/** State and measurement of coefficients in this order. undefined: they are none of the evidence's digest, or its mapping is unknown. */
export function valuesOf(
  coefficients: readonly string[],
  { evidence, crypto }: Pick<Asked, "evidence" | "crypto">,
): { readonly state: string; readonly measurement: string; readonly points: number } | undefined {
  const { rules, aggregate, base } = evidence;
  const mapping = MAPPING_NAMES.find((name) => name === rules.mapping);
  if (mapping === undefined) return undefined;
  const hasher = crypto.hasher(rules.digest);
  const { baseFirst } = createMapper(hasher, mapping);
  if (coefficients.some((each) => each.length !== 2 * hasher.size || !/^[0-9a-f]+$/.test(each))) {
    return undefined;
  }
  const model = createModel({
    hasher,
    aggregate,
    ...(base !== undefined && { base }),
    baseFirst,
  });
  for (const coefficient of coefficients) model.load(coefficient);
  const measurement = model.measurement();
  return { state: model.state(), measurement, points: model.counts.points };
}
