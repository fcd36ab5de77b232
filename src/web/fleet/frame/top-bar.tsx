// SPDX-License-Identifier: Apache-2.0
// Above every page: the search over everything, whether news come, the theme, who looks.
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { post } from "../api/client.ts";
import { useLiveStatus } from "../api/hooks.ts";
import { shown } from "../parts/shown.ts";
import { useMe } from "../session.ts";
import { chooseTheme, keptTheme, THEMES, type Theme, whenThemeChanges } from "../theme.ts";
import { Search } from "./search.tsx";

export function TopBar({ help }: { help: () => void }): JSX.Element {
  const me = useMe();
  const logout = (): void => {
    // whatever the answer is, the page starts anew
    const again = (): void => location.reload();
    post("logout").then(again, again);
  };
  return (
    <div class="top">
      <Search />
      <LiveMark />
      <ThemeChoice />
      <button type="button" class="plain-button" onClick={help} title="Keys (?)" aria-label="Keys">
        ?
      </button>
      {me === undefined ? null : (
        <span class="me">
          <span class="cut" title={shown(me.user)}>
            {shown(me.user)}
          </span>
          <span class="muted">{me.role}</span>
          <button type="button" class="link" onClick={logout}>
            Log out
          </button>
        </span>
      )}
    </div>
  );
}

const LIVE_WORDS = {
  open: "live",
  connecting: "connecting …",
  off: "not live",
} as const;

function LiveMark(): JSX.Element {
  const status = useLiveStatus();
  return (
    <span class={`live is-${status}`} role="status">
      {LIVE_WORDS[status]}
    </span>
  );
}

const THEME_WORDS: Readonly<Record<Theme, string>> = {
  system: "System",
  light: "Light",
  dark: "Dark",
};

function ThemeChoice(): JSX.Element {
  const [theme, set] = useState(keptTheme());
  useEffect(() => whenThemeChanges(() => set(keptTheme())), []);
  return (
    <select
      class="theme"
      aria-label="Colours"
      title="Colours (T)"
      value={theme}
      onChange={(event) => chooseTheme(event.currentTarget.value as Theme)}
    >
      {THEMES.map((one) => (
        <option key={one} value={one}>
          {THEME_WORDS[one]}
        </option>
      ))}
    </select>
  );
}
