// SPDX-License-Identifier: Apache-2.0
// The sections, with what waits in them.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { useEach, useFetched } from "../api/hooks.ts";
import type { Summary } from "../api/types.ts";
import { Go } from "../parts/bits.tsx";
import { brief } from "../parts/shown.ts";
import { SECTIONS, type Section } from "../sections.ts";

const GROUPS: readonly (readonly [Section["group"], string])[] = [
  ["watch", "Watch"],
  ["change", "Change"],
  ["prove", "Prove"],
];

export function Navigation({ page }: { page: string }): JSX.Element {
  const waiting = useWaiting();
  const here = page === "" ? "overview" : page;
  return (
    <nav class="nav" aria-label="Sections">
      <p class="brand">
        Galgo <span>fleet</span>
      </p>
      {GROUPS.map(([group, title]) => (
        <ul key={group} aria-label={title}>
          {SECTIONS.filter((section) => section.group === group).map(({ id, title: name, key }) => (
            <li key={id}>
              <a
                href={`#/${id}`}
                aria-current={id === here ? "page" : undefined}
                title={`g ${key}`}
              >
                <span>{name}</span>
                <Waiting count={waiting[id] ?? 0} />
              </a>
            </li>
          ))}
        </ul>
      ))}
    </nav>
  );
}

function Waiting({ count }: { count: number }): JSX.Element | null {
  return count === 0 ? null : <span class="badge bad">{brief(count)}</span>;
}

function useWaiting(): Readonly<Record<string, number>> {
  const { data } = useFetched<Summary>("summary");
  const [told, tell] = useState<Summary | undefined>(undefined);
  useEach<Summary>("summary", tell);
  const summary = told ?? data;
  if (summary === undefined) return {};
  const { violations, pending } = summary;
  return { violations: violations.hour, verdicts: pending.verdicts, rollouts: pending.rollouts };
}

/** Kept apart from the list, for the top of narrow screens. */
export function Brand(): JSX.Element {
  return (
    <Go to={["overview"]} class="brand">
      Galgo fleet
    </Go>
  );
}
