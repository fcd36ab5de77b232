// SPDX-License-Identifier: Apache-2.0
// The console as a whole: who looks at it, the frame, the page in it, and keys that work everywhere.
import type { JSX } from "preact";
import { useCallback, useEffect, useState } from "preact/hooks";
import { ApiError, get, onLoggedOut, useCsrfToken } from "./api/client.ts";
import { live } from "./api/live.ts";
import type { Me } from "./api/types.ts";
import { Help } from "./frame/help.tsx";
import { Login } from "./frame/login.tsx";
import { Navigation } from "./frame/navigation.tsx";
import { TopBar } from "./frame/top-bar.tsx";
import { type KeyAct, Keys, type PressedKey } from "./keys.ts";
import { Page } from "./pages/page.tsx";
import { Trouble } from "./parts/bits.tsx";
import { go, useRoute } from "./place.ts";
import { SessionContext } from "./session.ts";
import { chooseTheme, keptTheme, THEMES } from "./theme.ts";

/** undefined: not known yet. null: nobody is logged in. */
type Who = Me | null | undefined;

export function App(): JSX.Element {
  const [who, setWho] = useState<Who>(undefined);
  const [error, setError] = useState<unknown>(undefined);
  const known = useCallback((me: Me) => {
    useCsrfToken(me.csrf);
    setWho(me);
    live.start();
  }, []);
  const ask = useCallback(() => {
    setError(undefined);
    get<Me>("me").then(known, (refused: unknown) => {
      if (refused instanceof ApiError && refused.status === 401) setWho(null);
      else setError(refused);
    });
  }, [known]);
  useEffect(() => {
    onLoggedOut(() => {
      live.stop();
      setWho(null);
    });
    ask();
  }, [ask]);
  if (error !== undefined) return <Trouble error={error} again={ask} />;
  if (who === undefined) return <p class="empty">…</p>;
  if (who === null) return <Login known={known} />;
  return (
    <SessionContext.Provider value={who}>
      <Frame />
    </SessionContext.Provider>
  );
}

function Frame(): JSX.Element {
  const route = useRoute();
  const [help, setHelp] = useState(false);
  useKeys(useCallback(() => setHelp(true), []));
  return (
    <div class="frame">
      <Navigation page={route.page} />
      <div class="stage">
        <TopBar help={() => setHelp(true)} />
        <main class="page">
          <Page key={route.page + route.rest.join("/")} route={route} />
        </main>
      </div>
      {help ? <Help close={() => setHelp(false)} /> : null}
    </div>
  );
}

function useKeys(help: () => void): void {
  useEffect(() => {
    const keys = new Keys();
    const pressed = (event: KeyboardEvent): void => {
      const key = keyOf(event);
      const found = key === undefined ? undefined : keys.press(key, event.timeStamp);
      if (found === undefined) return;
      if (found.act !== "leave") event.preventDefault();
      carryOut(found, help);
    };
    document.addEventListener("keydown", pressed);
    return () => document.removeEventListener("keydown", pressed);
  }, [help]);
}

function carryOut(found: KeyAct, help: () => void): void {
  if (found.act === "go") go([found.section]);
  else if (found.act === "help") help();
  else ACTS[found.act]();
}

/** undefined: somebody else has taken it, or a question is open. */
function keyOf(event: KeyboardEvent): PressedKey | undefined {
  const target = event.target as HTMLElement;
  if (event.defaultPrevented || target.closest("dialog") !== null) return undefined;
  const { key, ctrlKey, metaKey, altKey } = event;
  const typing = target.matches("input, select, textarea");
  return { key, typing, modified: ctrlKey || metaKey || altKey };
}

const ACTS: Readonly<Record<"search" | "filter" | "table" | "theme" | "leave", () => void>> = {
  search: () => focus("[data-search]"),
  filter: () => focus("[data-filter]"),
  table: () => focus("[role=grid], [role=treegrid]"),
  theme: () => {
    const next = THEMES[(THEMES.indexOf(keptTheme()) + 1) % THEMES.length];
    chooseTheme(next ?? "system");
  },
  leave: () => {
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
  },
};

function focus(selector: string): void {
  const found = document.querySelector<HTMLElement>(selector);
  found?.focus();
  if (found instanceof HTMLInputElement) found.select();
}
