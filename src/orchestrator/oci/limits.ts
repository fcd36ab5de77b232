// SPDX-License-Identifier: Apache-2.0
// Named maxima of what is exchanged with registries: what is read from them is refused beyond these.

/** A manifest, an index or a list of referrers (bytes); registries take as much. */
export const MAX_MANIFEST_BYTES: number = 4 * 1024 * 1024;
/** The answer of a token service, and an error's text (bytes). */
export const MAX_WORDS_BYTES: number = 64 * 1024;
/** Characters of a registry's own words that are shown. */
export const MAX_SHOWN_WORDS = 200;
/** A file with credentials (bytes). */
export const MAX_CREDENTIALS_BYTES: number = 1024 * 1024;
/** Time that a helper for credentials has (ms). */
export const HELPER_MS = 10_000;
/** Redirects that are followed for one request. */
export const MAX_REDIRECTS = 5;
/** Times that a request is made, the first one included. */
export const MAX_TRIES = 5;
/** Time before the second try (ms); doubled for each further one. */
export const RETRY_MS = 250;
/** Longest time that a registry can ask for before it is tried again (ms). */
export const MAX_RETRY_AFTER_MS = 30_000;
/** Time without a byte after which a connection counts as gone (ms). */
export const IDLE_MS = 30_000;
/** Time that an answer that is kept in memory may take as a whole (ms). */
export const ANSWER_MS = 60_000;
/** Time that one transfer of content may take as a whole (ms). */
export const TRANSFER_MS: number = 15 * 60_000;
/** Bytes of one piece of an upload. What arrived of it need not be sent again. */
export const PIECE_BYTES: number = 4 * 1024 * 1024;
/** Pages of a list of referrers that are read. */
export const MAX_PAGES = 32;
/** Referrers of one image that are looked at. */
export const MAX_REFERRERS = 1_000;
/** Length of a reference, and of an address that a registry names. */
export const MAX_REFERENCE_CHARS = 512;
export const MAX_URL_CHARS: number = 8 * 1024;
/** Times that the list of an image's models is written anew because somebody else wrote it meanwhile. */
export const MAX_INDEX_ROUNDS = 4;
