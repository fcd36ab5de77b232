// SPDX-License-Identifier: Apache-2.0
// Violations as they come, and why the chosen one is one.
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { useEach, useList } from "../api/hooks.ts";
import type { ViolationRow } from "../api/types.ts";
import { VIOLATION_COLUMNS } from "../columns.tsx";
import { Head } from "../parts/bits.tsx";
import { ChoiceField, GivenChoice, SearchField } from "../parts/filters.tsx";
import { ListTable } from "../parts/list-table.tsx";
import { plural, short } from "../parts/shown.ts";
import { go, useChoices } from "../place.ts";
import { ViolationCard } from "./violation.tsx";

const DECISIONS = [
  ["denied", "denied"],
  ["killed", "killed"],
  ["observed", "observed"],
] as const;
/** New ones are taken into the list after so long (ms). */
const TAKEN_MS = 400;
/** Where both the list and the chosen one have room. */
const WIDE = "(min-width: 80rem)";

export function ViolationsPage(): JSX.Element {
  const [choices] = useChoices();
  const { sort = "-at" } = choices;
  const listed = useList<ViolationRow>("violations", { ...choices, sort });
  const [chosen, choose] = useState<string | undefined>(undefined);
  const { held, hold, news } = useNewOnes(() => listed.source.refresh());
  const { total } = listed.source;
  return (
    <>
      <Head title="Violations" note={total === undefined ? "…" : plural(total, "violation")}>
        <button
          type="button"
          aria-pressed={held}
          class={held ? "toggle on" : "toggle"}
          onClick={() => hold(!held)}
        >
          {held ? `Held, ${plural(news, "new one")}` : "Hold"}
        </button>
      </Head>
      <div class="tools">
        <SearchField label="Words, program, workload, host" />
        <ChoiceField label="Decision" name="decision" options={DECISIONS} />
        <GivenChoice name="workload" words={`Workload ${choices["workload"] ?? ""}`} />
        <GivenChoice
          name="coefficient"
          words={`Behaviour ${short(choices["coefficient"] ?? "")}`}
        />
      </div>
      <div class={chosen === undefined ? "" : "beside"}>
        <div>
          <ListTable
            label="Violations"
            listed={listed}
            columns={VIOLATION_COLUMNS}
            sort={sort}
            active={({ id }) => choose(id)}
            open={({ id }) => {
              if (!matchMedia(WIDE).matches) go(["violations", id]);
            }}
            empty="No violation is like that."
          />
        </div>
        {chosen === undefined ? null : (
          <aside class="chosen">
            <ViolationCard id={chosen} />
          </aside>
        )}
      </div>
    </>
  );
}

interface NewOnes {
  readonly held: boolean;
  readonly hold: (held: boolean) => void;
  /** Since it was held. */
  readonly news: number;
}

/** New ones go into the list by themselves, unless somebody wants to read in peace. */
function useNewOnes(take: () => void): NewOnes {
  const [held, setHeld] = useState(false);
  const [news, setNews] = useState(0);
  const waiting = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const latest = useRef(take);
  latest.current = take;
  useEffect(() => () => clearTimeout(waiting.current), []);
  useEach<ViolationRow>("violation", () => {
    if (held) {
      setNews((before) => before + 1);
      return;
    }
    waiting.current ??= setTimeout(() => {
      waiting.current = undefined;
      latest.current();
    }, TAKEN_MS);
  });
  const hold = (wanted: boolean): void => {
    setHeld(wanted);
    setNews(0);
    if (!wanted) latest.current();
  };
  return { held, hold, news };
}
