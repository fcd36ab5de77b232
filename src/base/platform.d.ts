// SPDX-License-Identifier: Apache-2.0
// The few globals that the core stages may use. Every home of the core (Node, a virtual machine guest, a web page) has them;
// the core is compiled without the types of any of these, so that nothing else of a platform can creep in.

/** Text to UTF-8. Lone surrogates become U+FFFD. */
declare class TextEncoder {
  readonly encoding: "utf-8";
  encode(input?: string): Uint8Array<ArrayBuffer>;
  encodeInto(
    source: string,
    destination: Uint8Array,
  ): { readonly read: number; readonly written: number };
}

/** UTF-8 to text. `fatal` makes malformed bytes a TypeError instead of U+FFFD. */
declare class TextDecoder {
  constructor(
    label?: "utf-8",
    options?: { readonly fatal?: boolean; readonly ignoreBOM?: boolean },
  );
  readonly encoding: string;
  readonly fatal: boolean;
  readonly ignoreBOM: boolean;
  decode(input?: ArrayBufferView | ArrayBuffer): string;
}

/** Only a type, which the schema library mentions; the core makes none. */
interface URL {
  readonly href: string;
}
