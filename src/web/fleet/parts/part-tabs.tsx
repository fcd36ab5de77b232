// SPDX-License-Identifier: Apache-2.0
// Parts of a page as tabs; which one is shown stands in the address.
import type { JSX } from "preact";
import { href } from "../route.ts";

/** Empty id: the first one. */
export type PagePart = readonly [id: string, title: string, content: () => JSX.Element];

export interface PartTabsProps {
  /** Address of the page. */
  readonly at: readonly string[];
  readonly part: string;
  readonly parts: readonly PagePart[];
}

export function PartTabs({ at, part, parts }: PartTabsProps): JSX.Element {
  const chosen = parts.find(([id]) => id === part) ?? parts[0];
  const Content = chosen?.[2];
  return (
    <>
      <nav class="tabs parts" aria-label="Parts of this page">
        {parts.map(([id, title]) => (
          <a
            key={id}
            href={href(id === "" ? at : [...at, id])}
            aria-current={id === chosen?.[0] ? "page" : undefined}
          >
            {title}
          </a>
        ))}
      </nav>
      <div class="panel">{Content?.()}</div>
    </>
  );
}
