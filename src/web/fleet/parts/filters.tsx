// SPDX-License-Identifier: Apache-2.0
// What narrows a list down. Choices stand in the address, so that a list can be sent to somebody and found again by going back.
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { useChoices } from "../place.ts";

/** Typing is taken for finished after so long (ms). */
const TYPED_MS = 150;

/** The field that `f` leads to. @param name the choice that it is */
export function SearchField({ label, name = "q" }: { label: string; name?: string }): JSX.Element {
  const [choices, choose] = useChoices();
  const given = choices[name] ?? "";
  const [text, setText] = useState(given);
  const waiting = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  // it may be changed from elsewhere: a link, going back
  useEffect(() => setText(given), [given]);
  const typed = (value: string): void => {
    setText(value);
    clearTimeout(waiting.current);
    waiting.current = setTimeout(() => choose({ [name]: value }), TYPED_MS);
  };
  return (
    <input
      type="search"
      placeholder={label}
      aria-label={label}
      data-filter
      spellcheck={false}
      autocomplete="off"
      value={text}
      onInput={(event) => typed(event.currentTarget.value)}
    />
  );
}

/** One of several, or all. @param options value and text */
export function ChoiceField({
  label,
  name,
  usual = "all",
  options,
}: {
  label: string;
  name: string;
  /** What is shown when nothing was chosen. */
  usual?: string;
  options: readonly (readonly [value: string, text: string])[];
}): JSX.Element {
  const [choices, choose] = useChoices();
  return (
    <select
      aria-label={label}
      value={choices[name] ?? ""}
      onChange={(event) => choose({ [name]: event.currentTarget.value })}
    >
      <option value="">
        {label}: {usual}
      </option>
      {options.map(([value, text]) => (
        <option key={value} value={value}>
          {text}
        </option>
      ))}
    </select>
  );
}

/** On or off. */
export function ToggleField({ label, name }: { label: string; name: string }): JSX.Element {
  const [choices, choose] = useChoices();
  const on = choices[name] === "1";
  return (
    <button
      type="button"
      class={on ? "toggle on" : "toggle"}
      aria-pressed={on}
      onClick={() => choose({ [name]: on ? "" : "1" })}
    >
      {label}
    </button>
  );
}

/** A choice that came with a link, and how to be rid of it. */
export function GivenChoice({ name, words }: { name: string; words: string }): JSX.Element | null {
  const [choices, choose] = useChoices();
  if ((choices[name] ?? "") === "") return null;
  return (
    <button
      type="button"
      class="given"
      title="No longer only this"
      onClick={() => choose({ [name]: "" })}
    >
      {words} <span aria-hidden="true">×</span>
    </button>
  );
}
