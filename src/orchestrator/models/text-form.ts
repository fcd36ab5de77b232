// SPDX-License-Identifier: Apache-2.0
// Tells the text form of a model, which TSEM and Quixote use, by how it begins.

const START = /^(?:#|(?:key|base|aggregate|state|pseudonym) \S|seal\n|end\n)/;

/** True when a file that begins so looks like a text model. */
export function looksLikeTextModel(head: string): boolean {
  return START.test(head);
}
