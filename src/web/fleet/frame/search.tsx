// SPDX-License-Identifier: Apache-2.0
// The search over hosts, workloads, models, states, behaviours and violations.
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { useFetched } from "../api/hooks.ts";
import type { SearchAnswer, SearchResult } from "../api/types.ts";
import { shown } from "../parts/shown.ts";
import { go } from "../place.ts";

const TYPED_MS = 120;
/** Fewer letters find everything. */
const LEAST = 2;

const PLACES: Readonly<Record<SearchResult["kind"], string>> = {
  host: "hosts",
  workload: "workloads",
  model: "models",
  state: "states",
  behaviour: "behaviours",
  violation: "violations",
};

export function Search(): JSX.Element {
  const [text, setText] = useState("");
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(0);
  const results = useResults(text);
  const choose = (result: SearchResult | undefined): void => {
    if (result === undefined) return;
    setOpen(false);
    go([PLACES[result.kind], result.id]);
  };
  const key = (event: KeyboardEvent): void => {
    const last = (results ?? []).length - 1;
    if (event.key === "ArrowDown") setAt(Math.min(at + 1, last));
    else if (event.key === "ArrowUp") setAt(Math.max(at - 1, 0));
    else if (event.key === "Enter") choose(results?.[at]);
    else return;
    event.preventDefault();
  };
  return (
    <div class="search">
      <input
        type="search"
        role="combobox"
        list={undefined}
        aria-expanded={open && results !== undefined}
        aria-controls="found"
        aria-activedescendant={open && results !== undefined ? `found-${at}` : undefined}
        aria-label="Search the fleet"
        placeholder="Search hosts, workloads, models, digests …  /"
        data-search
        spellcheck={false}
        autocomplete="off"
        value={text}
        onInput={(event) => {
          setText(event.currentTarget.value);
          setAt(0);
          setOpen(true);
        }}
        onFocus={() => setOpen(true)}
        onBlur={() => setOpen(false)}
        onKeyDown={key}
      />
      {open && results !== undefined ? <Results found={results} at={at} choose={choose} /> : null}
    </div>
  );
}

interface ResultsProps {
  readonly found: readonly SearchResult[];
  readonly at: number;
  readonly choose: (result: SearchResult) => void;
}

function Results({ found, at, choose }: ResultsProps): JSX.Element {
  return (
    <div class="found" id="found" role="listbox" aria-label="Found">
      {found.length === 0 ? <p class="muted">Nothing has this in its name or digest.</p> : null}
      {found.map((result, index) => (
        // the keys are those of the field
        <div
          key={`${result.kind} ${result.id}`}
          id={`found-${index}`}
          role="option"
          tabIndex={-1}
          aria-selected={index === at}
          // before the field loses the focus
          onMouseDown={(event) => {
            event.preventDefault();
            choose(result);
          }}
        >
          <span class="pill is-plain">{result.kind}</span>
          <span class="cut">{shown(result.title)}</span>
          <span class="muted cut">{shown(result.detail)}</span>
        </div>
      ))}
    </div>
  );
}

/** undefined: nothing was asked. */
function useResults(text: string): readonly SearchResult[] | undefined {
  const [asked, setAsked] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => setAsked(text.trim()), TYPED_MS);
    return () => clearTimeout(timer);
  }, [text]);
  const wanted = asked.length < LEAST ? undefined : `search?q=${encodeURIComponent(asked)}`;
  return useFetched<SearchAnswer>(wanted).data?.rows;
}
