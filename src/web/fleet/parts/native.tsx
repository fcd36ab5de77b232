// SPDX-License-Identifier: Apache-2.0
// Elements that are made without Preact, as the report's are, in a component.
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";

/** @param make makes the element anew when `of` is another value */
export function Native({ of, make }: { of: unknown; make: () => HTMLElement }): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  const latest = useRef(make);
  latest.current = make;
  // `of` is what the element shows: another value, another element
  useEffect(() => {
    place.current?.replaceChildren(latest.current());
  }, [of]);
  return <div ref={place} />;
}
