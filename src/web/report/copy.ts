// SPDX-License-Identifier: Apache-2.0
// Values that somebody wants to take along: digests, with a button that copies them.
import { button, h } from "./dom.ts";

const SAID_MS = 1_500;

/** The value and its button. @param name what it is, for those who do not see where it stands */
export function copyable(value: string, name: string): HTMLElement {
  const text = h("code", { class: "digest" }, value);
  const act = button(
    "Copy",
    () => {
      void copy(value, text).then((said) => {
        act.textContent = said;
        setTimeout(() => {
          act.textContent = "Copy";
        }, SAID_MS);
      });
    },
    { class: "quiet", "aria-label": `Copy ${name}` },
  );
  return h("span", { class: "copyable" }, text, act);
}

async function copy(value: string, shown: HTMLElement): Promise<string> {
  try {
    await navigator.clipboard.writeText(value);
    return "Copied";
  } catch {
    // not allowed here: it is marked, so that a key does the rest
    getSelection()?.selectAllChildren(shown);
    return "Marked";
  }
}
