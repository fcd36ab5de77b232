// SPDX-License-Identifier: Apache-2.0
// A secret that is shown now and never again.
import type { JSX } from "preact";
import { Copyable } from "./bits.tsx";

export function ToldOnce({ value, words }: { value: string; words: string }): JSX.Element {
  return (
    <div class="told-once" role="status">
      <p>{words}</p>
      <Copyable value={value} name="the token" />
    </div>
  );
}
