// SPDX-License-Identifier: Apache-2.0
// Text as one word of a shell's command line.

const PLAIN = /^[A-Za-z0-9_@%+=:,./-]+$/;

/** `text` as it is where a shell leaves that alone, else in single quotes. */
export function shellWord(text: string): string {
  return PLAIN.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
