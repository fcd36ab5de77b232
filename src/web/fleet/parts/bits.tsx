// SPDX-License-Identifier: Apache-2.0
// Small things that stand in many places: digests, states with their colour, times, pills, errors, chains of programs.
import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";
import { useNow } from "../api/hooks.ts";
import { type Choices, href } from "../route.ts";
import { ago, moment, short, shown } from "./shown.ts";

export type Tone = "good" | "bad" | "warn" | "plain";

/** A word in a box. */
export function Pill({ tone, children }: { tone: Tone; children: ComponentChildren }): JSX.Element {
  return <span class={`pill is-${tone}`}>{children}</span>;
}

interface GoProps {
  readonly to: readonly string[];
  readonly choices?: Choices;
  readonly title?: string;
  readonly class?: string;
  readonly children: ComponentChildren;
}

/** A link to a place of the console. */
export function Go({ to, choices = {}, children, ...rest }: GoProps): JSX.Element {
  return (
    <a href={href(to, choices)} {...rest}>
      {children}
    </a>
  );
}

/** How long the word stands instead of the button (ms). */
const SAID_MS = 1_500;

/** A digest or an id as a whole, with a button that copies it. @param name what it is */
export function Copyable({ value, name }: { value: string; name: string }): JSX.Element {
  const [said, say] = useState("Copy");
  const copy = (): void => {
    const done = (word: string): void => {
      say(word);
      setTimeout(() => say("Copy"), SAID_MS);
    };
    // the browser may not allow it
    navigator.clipboard?.writeText(value).then(
      () => done("Copied"),
      () => done("Not allowed"),
    );
  };
  return (
    <span class="copyable">
      <code class="digest">{shown(value)}</code>
      <button type="button" class="quiet" aria-label={`Copy ${name}`} onClick={copy}>
        {said}
      </button>
    </span>
  );
}

const HUES = 360;

/** A colour of its own for each state, so that equal ones are seen to be equal. The digits say the same. */
export function Swatch({ state }: { state: string }): JSX.Element {
  const hue = Number.parseInt(state.slice(0, 6) || "0", 16) % HUES;
  return <i class="swatch" style={{ "--hue": String(hue) }} aria-hidden="true" />;
}

/** A state: its colour and its first digits. */
export function StateName({ state, outlier }: { state: string; outlier?: boolean }): JSX.Element {
  if (state === "") return <span class="muted">none yet</span>;
  return (
    <span class={`state-name ${outlier === true ? "outlier" : ""}`} title={state}>
      <Swatch state={state} />
      <code>{short(state)}</code>
    </span>
  );
}

/** How long ago; the moment itself when it is pointed at. */
export function Ago({ at }: { at: number | undefined }): JSX.Element {
  const now = useNow();
  if (at === undefined || at <= 0) return <span class="muted">never</span>;
  return <time title={moment(at)}>{ago(at, now)}</time>;
}

/** A chain of programs, the acting one last. */
export function Chain({ programs }: { programs: readonly string[] }): JSX.Element {
  const last = programs.length - 1;
  return (
    <span class="chain mono">
      {programs.map((program, at) => (
        <>
          {at > 0 ? (
            <span class="arrow" role="img" aria-label="started">
              {" › "}
            </span>
          ) : null}
          {at === last ? <strong>{shown(program)}</strong> : <span>{shown(program)}</span>}
        </>
      ))}
    </span>
  );
}

/** What went wrong, or nothing. */
export function Trouble({
  error,
  again,
}: {
  error: unknown;
  again?: () => void;
}): JSX.Element | null {
  if (error === undefined) return null;
  const words = error instanceof Error ? error.message : String(error);
  return (
    <p class="trouble" role="alert">
      <span>{shown(words)}</span>
      {again === undefined ? null : (
        <button type="button" onClick={again}>
          Try again
        </button>
      )}
    </p>
  );
}

/** Names with values. Entries without a value are left out. */
export function Facts({
  of,
}: {
  of: readonly (readonly [name: string, value: ComponentChildren])[];
}): JSX.Element {
  return (
    <dl class="facts">
      {of
        .filter(([, value]) => value !== undefined && value !== "" && value !== null)
        .map(([name, value]) => (
          <>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </>
        ))}
    </dl>
  );
}

/** The head of a page: what it is, in a line what is known of it, and what can be done. */
export function Head({
  title,
  note,
  children,
}: {
  title: ComponentChildren;
  note?: ComponentChildren;
  children?: ComponentChildren;
}): JSX.Element {
  return (
    <header class="head">
      <div>
        <h1>{title}</h1>
        {note === undefined ? null : <p class="muted">{note}</p>}
      </div>
      {children === undefined ? null : <div class="acts">{children}</div>}
    </header>
  );
}
