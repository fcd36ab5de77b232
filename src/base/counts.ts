// SPDX-License-Identifier: Apache-2.0
// Numbers of things, for people.

/** Made when it is wanted: it takes longer than most of what a start of Galgo does. */
let format: Intl.NumberFormat | undefined;

/** 1234567 -> "1,234,567" */
export function count(value: number): string {
  format ??= new Intl.NumberFormat("en-US");
  return format.format(value);
}

/** "1 behaviour", "2 behaviours" */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}
