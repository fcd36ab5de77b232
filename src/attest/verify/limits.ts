// SPDX-License-Identifier: Apache-2.0
// Limits of a verifier. What is beyond one of them is refused.

/** UTF-16 units of a verifier's policy, without the files that it names. */
export const MAX_POLICY_CHARS: number = 4 * 1024 * 1024;
export const MAX_KEYS = 1_000;
export const MAX_RULES = 1_000;
export const MAX_REVOKED = 10_000;
/** Items of one list of a rule: names, states, models, builds, known keys of TPMs. */
export const MAX_LISTED = 1_000;
export const MAX_WHY_CHARS = 500;
/** Seconds that evidence may be old at most, whatever the policy says: a year. */
export const MAX_FRESH_SECONDS: number = 366 * 24 * 3_600;
/** Models that come with one piece of evidence. */
export const MAX_BROUGHT_MODELS = 16;
/** Coefficients that are reported beside evidence. */
export const MAX_COEFFICIENTS = 1_000_000;
/** Behaviours that a result names. */
export const MAX_NAMED_BEHAVIOURS = 200;
/** Reasons of one kind for one piece of evidence; there are no more things that can be wrong. */
export const MAX_REFUSALS = 200;
/** UTF-16 units of the name of a file in a policy. */
export const MAX_FILE_NAME_CHARS = 1_024;
