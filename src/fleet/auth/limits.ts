// SPDX-License-Identifier: Apache-2.0
// Limits of logging in.

/** A session ends so long after it began (ms), whatever is done with it. */
export const SESSION_MS: number = 12 * 3_600_000;
/** And so long after it was used last. */
export const SESSION_IDLE_MS: number = 2 * 3_600_000;
/** How exactly it is kept when something was used last. */
export const USED_STEP_MS = 60_000;
export const MAX_SESSIONS_OF_USER = 50;
export const MAX_TOKENS_OF_USER = 50;
export const MAX_TOKEN_DAYS = 400;
/** Tried logins are counted for so long. */
export const TRIES_MS: number = 15 * 60_000;
/** Of one user from one address: a person who does not remember. */
export const MAX_TRIES_OF_BOTH = 8;
/** From one address: somebody who guesses names. */
export const MAX_TRIES_OF_ADDRESS = 60;
/** Of one user from everywhere: somebody with many addresses. */
export const MAX_TRIES_OF_USER = 200;
/** From beginning to end of a login at another service. */
export const OIDC_LOGIN_MS: number = 10 * 60_000;
export const MAX_OIDC_LOGINS = 10_000;
export const MAX_USERS = 10_000;
