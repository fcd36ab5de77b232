// SPDX-License-Identifier: Apache-2.0
// The address as a value of components.
import { useEffect, useState } from "preact/hooks";
import { type Choices, href, parseRoute, type Route } from "./route.ts";

/** Where the console is; drawn again when that changes. */
export function useRoute(): Route {
  const [hash, set] = useState(location.hash);
  useEffect(() => {
    const follow = (): void => set(location.hash);
    window.addEventListener("hashchange", follow);
    return () => window.removeEventListener("hashchange", follow);
  }, []);
  return parseRoute(hash);
}

/** Goes somewhere. */
export function go(parts: readonly string[], choices: Choices = {}): void {
  location.hash = href(parts, choices);
}

/** The choices in the address, and a way to change some of them: that is no step to go back from. */
export function useChoices(): readonly [Route["query"], (changed: Choices) => void] {
  const { query } = useRoute();
  const choose = (changed: Choices): void => {
    const { page, rest, query: now } = parseRoute(location.hash);
    history.replaceState(null, "", href([page, ...rest], { ...now, ...changed }));
    window.dispatchEvent(new Event("hashchange"));
  };
  return [query, choose];
}
