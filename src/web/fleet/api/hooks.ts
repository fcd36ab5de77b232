// SPDX-License-Identifier: Apache-2.0
// Data of the server in components: fetched when it is wanted, and again when the server tells that it has changed.
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { type Part, PagesOfRows } from "../parts/pages-of-rows.ts";
import { type Choices, searchOf } from "../route.ts";
import { get } from "./client.ts";
import { live, type LiveKind, type LiveStatus } from "./live.ts";

/** After news, so long (ms) until it is fetched again: news come in swarms. */
const SWARM_MS = 1_000;
const SECOND_MS = 1_000;

export interface Fetched<T> {
  readonly data: T | undefined;
  readonly error: unknown;
  readonly reload: () => void;
}

/** @param path below /api/v1/; undefined: nothing is wanted. @param news what it is fetched again after */
export function useFetched<T>(
  path: string | undefined,
  news: readonly LiveKind[] = [],
): Fetched<T> {
  const [state, set] = useState<{ path?: string; data?: T; error?: unknown }>({});
  const [turn, setTurn] = useState(0);
  const reload = useCallback(() => setTurn((before) => before + 1), []);
  useEffect(() => {
    if (path === undefined) return undefined;
    const asked = new AbortController();
    get<T>(path, asked.signal).then(
      (data) => set({ path, data }),
      (error: unknown) => {
        if (!asked.signal.aborted)
          set((before) => (before.path === path ? { ...before, error } : { path, error }));
      },
    );
    return () => asked.abort();
  }, [path, turn]);
  useNews(news, reload);
  const mine = state.path === path;
  return { data: mine ? state.data : undefined, error: mine ? state.error : undefined, reload };
}

export interface Listed<T> {
  readonly source: PagesOfRows<T>;
  readonly version: number;
}

/** A long list, filtered and sorted by the server. @param news what it is fetched again after */
export function useList<T>(
  path: string,
  choices: Choices,
  news: readonly LiveKind[] = [],
): Listed<T> {
  const [version, setVersion] = useState(0);
  const wanted = path + searchOf(choices);
  const made = useRef<Made<T> | undefined>(undefined);
  if (made.current?.wanted !== wanted) {
    const before = made.current?.source;
    before?.close();
    const sign = wanted.includes("?") ? "&" : "?";
    const ask = (offset: number, limit: number, signal: AbortSignal): Promise<Part<T>> =>
      get<Part<T>>(`${wanted}${sign}offset=${offset}&limit=${limit}`, signal);
    const source = new PagesOfRows(ask, () => setVersion((before) => before + 1));
    made.current = { wanted, source, before };
    source.look(0, 1);
  }
  const { source, before } = made.current;
  // the old rows stay until there are new ones
  const waits = source.total === undefined && source.error === undefined;
  useEffect(() => () => made.current?.source.close(), []);
  useNews(news, () => made.current?.source.refresh());
  return { source: waits && before !== undefined ? before : source, version };
}

interface Made<T> {
  readonly wanted: string;
  readonly source: PagesOfRows<T>;
  readonly before: PagesOfRows<T> | undefined;
}

/** Acts once after news of these kinds, however many of them come at a time. */
export function useNews(kinds: readonly LiveKind[], act: () => void): void {
  const latest = useRef(act);
  latest.current = act;
  const names = kinds.join();
  useEffect(() => {
    let waiting: ReturnType<typeof setTimeout> | undefined;
    const done = live.on(names.split(",") as LiveKind[], () => {
      waiting ??= setTimeout(() => {
        waiting = undefined;
        latest.current();
      }, SWARM_MS);
    });
    const heard = live.onMissed(() => latest.current());
    return () => {
      clearTimeout(waiting);
      done();
      heard();
    };
  }, [names]);
}

/** Every piece of news of one kind, as it comes. */
export function useEach<T>(kind: LiveKind, act: (data: T) => void): void {
  const latest = useRef(act);
  latest.current = act;
  useEffect(() => live.on([kind], (data) => latest.current(data as T)), [kind]);
}

/** Whether the server tells by itself at the moment. */
export function useLiveStatus(): LiveStatus {
  const [status, set] = useState(live.status);
  useEffect(() => {
    set(live.status);
    return live.watch(set);
  }, []);
  return status;
}

/** The time, as often as times of "ago" change. @param everyMs how often */
export function useNow(everyMs: number = 5 * SECOND_MS): number {
  const [now, set] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => set(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}
