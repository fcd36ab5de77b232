// SPDX-License-Identifier: Apache-2.0
// What keys do: from a state to the next, and what is to be done besides.
import {
  chosenRow,
  LISTS,
  openedRow,
  REMARK_MS,
  shownRows,
  SORTS,
  type TopState,
  type View,
  type WorkloadView,
} from "./state.ts";
import { HELP, maxOffset, recordText, textRows } from "./text-view.ts";
import { recordRows } from "./workload-view.ts";

/** What the driver does. */
export type Effect =
  | { readonly kind: "quit" }
  | { readonly kind: "redraw" }
  | { readonly kind: "suspend" }
  /** Read the records of this workload from now on; undefined: of none. */
  | { readonly kind: "open"; readonly id: string | undefined }
  | { readonly kind: "kill"; readonly id: string }
  /** Explain a violation of the workload that is open. */
  | { readonly kind: "why"; readonly id: string; readonly number: number };

export interface Updated {
  readonly state: TopState;
  readonly effect?: Effect;
}

/** Most characters of a filter. */
const MAX_FILTER = 60;
/** Columns that one key moves records sideways. */
const SHIFT = 8;

export function withRemark(state: TopState, text: string, bad: boolean): TopState {
  return { ...state, remark: { text, bad, until: state.now + REMARK_MS } };
}

/** The state after a key. */
export function pressed(before: TopState, key: string): Updated {
  const state = before.remark === undefined ? before : { ...before, remark: undefined };
  if (key === "interrupt") return { state, effect: { kind: "quit" } };
  if (key === "suspend" || key === "redraw") return { state, effect: { kind: key } };
  switch (state.prompt?.kind) {
    case "filter":
      return { state: inFilter(state, state.prompt, key) };
    case "kill": {
      const asked = { ...state, prompt: undefined };
      return key === "y" || key === "Y"
        ? { state: asked, effect: { kind: "kill", id: state.prompt.id } }
        : {
            state: withRemark(
              asked,
              `nothing was ${state.prompt.attached ? "set free" : "killed"}`,
              false,
            ),
          };
    }
    case undefined:
      return inView(state, key);
  }
}

function inView(state: TopState, key: string): Updated {
  const { view } = state;
  if (key === "q") return { state, effect: { kind: "quit" } };
  if ((key === "?" || key === "h" || key === "help") && view.kind !== "text")
    return {
      state: {
        ...state,
        view: { kind: "text", title: "help", lines: HELP, offset: 0, back: view },
      },
    };
  switch (view.kind) {
    case "list":
      return inList(state, key);
    case "workload":
      return inWorkload(state, view, key);
    case "text":
      return { state: inText(state, view, key) };
  }
}

function inFilter(
  state: TopState,
  prompt: Extract<TopState["prompt"], { kind: "filter" }>,
  key: string,
): TopState {
  const { text } = prompt;
  if (key === "enter") return { ...state, prompt: undefined };
  if (key === "escape") return withFilter({ ...state, prompt: undefined }, prompt.before);
  const next =
    key === "backspace"
      ? Array.from(text).slice(0, -1).join("")
      : key === "clear"
        ? ""
        : Array.from(key).length === 1 && text.length < MAX_FILTER
          ? text + key
          : text;
  return withFilter({ ...state, prompt: { ...prompt, text: next } }, next);
}

function withFilter(state: TopState, filter: string): TopState {
  const { view } = state;
  if (view.kind === "workload")
    return { ...state, view: { ...view, filter, cursor: 0, follow: false } };
  return { ...state, filter };
}

function ask(state: TopState, filter: string): TopState {
  return { ...state, prompt: { kind: "filter", text: filter, before: filter } };
}

function askKill(state: TopState): TopState {
  const row = state.view.kind === "list" ? chosenRow(state)?.row : openedRow(state);
  if (row === undefined) return state;
  const { id, name, via, origin } = row.listed;
  if (row.endedAt !== undefined) return withRemark(state, `${name} has ended`, false);
  if (via === "alone")
    return withRemark(
      state,
      `${name} runs without the daemon: end its galgo run (Ctrl-C there)`,
      true,
    );
  return { ...state, prompt: { kind: "kill", id, name, attached: origin.kind === "attached" } };
}

/** Where a key leads in a list of `total` rows; undefined for other keys. */
function moved(key: string, at: number, total: number, page: number): number | undefined {
  const steps: Readonly<Record<string, number>> = {
    up: at - 1,
    down: at + 1,
    pageup: at - page,
    pagedown: at + page,
    home: 0,
    end: total - 1,
  };
  const to = steps[key];
  return to === undefined ? undefined : Math.max(0, Math.min(total - 1, to));
}

function inList(state: TopState, key: string): Updated {
  const chosen = chosenRow(state);
  const rows = shownRows(state);
  const to = moved(key, chosen?.at ?? 0, rows.length, Math.max(1, state.size.rows - 5));
  if (to !== undefined) return { state: { ...state, chosen: rows[to]?.listed.id ?? state.chosen } };
  switch (key) {
    case "enter":
    case "right":
      return chosen === undefined ? { state } : opened(state, chosen.row.listed.id);
    case "/":
      return { state: ask(state, state.filter) };
    case "escape":
      return { state: { ...state, filter: "" } };
    case "s": {
      const next = SORTS[(SORTS.indexOf(state.sort) + 1) % SORTS.length] ?? "name";
      return { state: { ...state, sort: next, reverse: false } };
    }
    case "S":
    case "r":
      return { state: { ...state, reverse: !state.reverse } };
    case "k":
      return { state: askKill(state) };
    default:
      return { state };
  }
}

function opened(state: TopState, id: string): Updated {
  const row = state.rows.find(({ listed }) => listed.id === id);
  const violated = (row?.listed.counts.violations ?? 0) > 0;
  const list = violated || row?.listed.mode !== "free" ? "forensics" : "trajectory";
  const view = {
    kind: "workload",
    id,
    list,
    filter: "",
    cursor: 0,
    follow: true,
    shift: 0,
  } as const;
  return { state: { ...state, chosen: id, view }, effect: { kind: "open", id } };
}

function inWorkload(state: TopState, view: WorkloadView, key: string): Updated {
  const set = (change: Partial<WorkloadView>): Updated => ({
    state: { ...state, view: { ...view, ...change } },
  });
  const total = state.records?.[view.list].matching(view.filter).length ?? 0;
  const at = view.follow ? total - 1 : Math.min(view.cursor, total - 1);
  const to = moved(key, at, total, recordRows(state));
  if (to !== undefined) return set({ cursor: Math.max(0, to), follow: key === "end" });
  switch (key) {
    case "tab":
    case "backtab": {
      const list = LISTS[(LISTS.indexOf(view.list) + 1) % LISTS.length] ?? "forensics";
      return set({ list, cursor: 0, follow: true, shift: 0 });
    }
    case "right":
      return set({ shift: view.shift + SHIFT });
    case "left":
      return set({ shift: Math.max(0, view.shift - SHIFT) });
    case "f":
      return set({ follow: !view.follow, cursor: Math.max(0, at) });
    case "/":
      return { state: ask(state, view.filter) };
    case "k":
      return { state: askKill(state) };
    case "enter":
    case "w":
      return explained(state, view, at);
    case "escape":
    case "backspace":
      if (view.filter !== "") return set({ filter: "", cursor: 0, follow: true });
      return {
        state: { ...state, view: { kind: "list" }, records: undefined },
        effect: { kind: "open", id: undefined },
      };
    default:
      return { state };
  }
}

function explained(state: TopState, view: WorkloadView, at: number): Updated {
  const list = state.records?.[view.list];
  const record = list?.at(list.matching(view.filter).at(at));
  if (record === undefined) return { state };
  const back = { ...view, cursor: Math.max(0, at) };
  const title = record.mark === undefined ? "behaviour" : "violation";
  const next = withText(state, { title, lines: recordText(record), back });
  return record.mark === undefined
    ? { state: next }
    : { state: next, effect: { kind: "why", id: view.id, number: record.mark.number } };
}

/** Shows a text. */
export function withText(
  state: TopState,
  text: { readonly title: string; readonly lines: readonly string[]; readonly back: View },
): TopState {
  return { ...state, view: { kind: "text", offset: 0, ...text } };
}

function inText(state: TopState, view: Extract<View, { kind: "text" }>, key: string): TopState {
  const last = maxOffset(state, view);
  const to = moved(
    key === " " ? "pagedown" : key,
    Math.min(view.offset, last),
    last + 1,
    textRows(state),
  );
  if (to !== undefined) return { ...state, view: { ...view, offset: to } };
  const leaves = ["escape", "backspace", "enter", "left", "?"].includes(key);
  return leaves ? { ...state, view: view.back } : state;
}
