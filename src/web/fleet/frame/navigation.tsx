// SPDX-License-Identifier: Apache-2.0
// The sections, with what waits in them.
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { useEach, useFetched } from "../api/hooks.ts";
import type { Summary } from "../api/types.ts";
import { brief } from "../parts/shown.ts";
import { sectionsFor, type Section } from "../sections.ts";
import { useMe } from "../session.ts";

const GROUPS: readonly (readonly [Section["group"], string])[] = [
  ["watch", "Watch"],
  ["change", "Change"],
  ["prove", "Prove"],
];

export function Navigation({ page }: { page: string }): JSX.Element {
  const waiting = useWaiting();
  const sections = sectionsFor(useMe()?.role ?? "viewer");
  const here = page === "" ? "overview" : page;
  const box = useRef<HTMLElement>(null);
  useEffect(() => {
    // on narrow screens the sections scroll
    const chosen = box.current?.querySelector("[aria-current]");
    chosen?.scrollIntoView({ block: "nearest", inline: "nearest" });
  });
  return (
    <nav ref={box} class="nav" aria-label="Sections">
      <p class="brand">
        Galgo <span>fleet</span>
      </p>
      {GROUPS.map(([group, title]) => (
        <ul key={group} aria-label={title}>
          {sections
            .filter((section) => section.group === group)
            .map(({ id, title: name, key }) => (
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
