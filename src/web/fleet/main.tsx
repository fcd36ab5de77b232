// SPDX-License-Identifier: Apache-2.0
// The console of a fleet: its theme, and the page.
import { render } from "preact";
import { App } from "./app.tsx";
import { chooseTheme, keptTheme } from "./theme.ts";

function start(): void {
  const place = document.getElementById("app");
  if (place === null) throw new Error("the page lacks its place");
  chooseTheme(keptTheme());
  render(<App />, place);
}

start();
