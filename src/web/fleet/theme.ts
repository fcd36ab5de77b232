// SPDX-License-Identifier: Apache-2.0
// Light, dark, or as the system has it. There is one table of colours (src/web/report/style/colours.css) with the dark ones behind a media
// query; a choice of one's own switches that query on or off.

export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

const KEPT = "galgo-theme";
const DARK = "(prefers-color-scheme: dark)";
/** Said by the document when the colours have changed. */
export const THEME_EVENT = "galgo-theme";

/** The choice that was kept in this browser. */
export function keptTheme(): Theme {
  const kept = readKept();
  return THEMES.find((theme) => theme === kept) ?? "system";
}

/** Carries a choice out and keeps it. */
export function chooseTheme(theme: Theme): void {
  const medium = { system: DARK, light: "not all", dark: "all" }[theme];
  for (const rule of darkRules()) rule.media.mediaText = medium;
  document.documentElement.style.colorScheme = theme === "system" ? "" : theme;
  keep(theme);
  document.dispatchEvent(new Event(THEME_EVENT));
}

/** Tells of changed colours, by choice or by the system. @returns ends that */
export function whenThemeChanges(act: () => void): () => void {
  const system = matchMedia(DARK);
  system.addEventListener("change", act);
  document.addEventListener(THEME_EVENT, act);
  return () => {
    system.removeEventListener("change", act);
    document.removeEventListener(THEME_EVENT, act);
  };
}

let found: readonly CSSMediaRule[] | undefined;

function darkRules(): readonly CSSMediaRule[] {
  found ??= [...document.styleSheets].flatMap((sheet) =>
    [...sheet.cssRules].filter(
      (rule): rule is CSSMediaRule =>
        rule instanceof CSSMediaRule && rule.conditionText.includes("prefers-color-scheme"),
    ),
  );
  return found;
}

/** Browsers may refuse to keep anything. */
function readKept(): string | undefined {
  try {
    return localStorage.getItem(KEPT) ?? undefined;
  } catch {
    return undefined;
  }
}

function keep(theme: Theme): void {
  try {
    localStorage.setItem(KEPT, theme);
  } catch {
    // then it holds for this visit
  }
}
