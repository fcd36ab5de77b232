// SPDX-License-Identifier: Apache-2.0
// What the server tells by itself: one stream of events for the whole page, and whether it is there.

/** Kinds of events; the data of each is a row of its list. */
export const LIVE_KINDS = [
  "violation",
  "workload",
  "host",
  "command",
  "rollout",
  "verdict",
  "summary",
] as const;
export type LiveKind = (typeof LIVE_KINDS)[number];

/** connecting: not yet, or again. */
export type LiveStatus = "connecting" | "open" | "off";

type Heard = (data: unknown, kind: LiveKind) => void;

const URL_OF_EVENTS = "/api/v1/events";
/** A browser gives a stream up when the answer is an error; it is tried again after so long (ms). */
const AGAIN_MS = 3_000;

export class Live {
  status: LiveStatus = "off";
  readonly #heard = new Map<LiveKind, Set<Heard>>();
  readonly #missed = new Set<() => void>();
  readonly #watching = new Set<(status: LiveStatus) => void>();
  #stream: EventSource | undefined;
  #again: ReturnType<typeof setTimeout> | undefined;

  start(): void {
    this.#open(() => undefined);
  }

  /** @param opened is called each time that the stream stands */
  #open(opened: () => void): void {
    this.stop();
    this.#tell("connecting");
    const stream = new EventSource(URL_OF_EVENTS);
    this.#stream = stream;
    stream.addEventListener("open", () => {
      this.#tell("open");
      opened();
    });
    stream.addEventListener("error", () => this.#failed(stream));
    // some news were missed: everything may have changed
    stream.addEventListener("reset", () => this.#tellMissed());
    for (const kind of LIVE_KINDS) {
      stream.addEventListener(kind, (event) => this.#spread(kind, (event as MessageEvent).data));
    }
  }

  stop(): void {
    clearTimeout(this.#again);
    this.#stream?.close();
    this.#stream = undefined;
    this.#tell("off");
  }

  /** @returns ends it */
  on(kinds: readonly LiveKind[], heard: Heard): () => void {
    for (const kind of kinds) {
      const all = this.#heard.get(kind) ?? new Set();
      this.#heard.set(kind, all.add(heard));
    }
    return () => {
      for (const kind of kinds) this.#heard.get(kind)?.delete(heard);
    };
  }

  /** @param act is done when news were missed @returns ends it */
  onMissed(act: () => void): () => void {
    this.#missed.add(act);
    return () => this.#missed.delete(act);
  }

  /** @returns ends it */
  watch(act: (status: LiveStatus) => void): () => void {
    this.#watching.add(act);
    return () => this.#watching.delete(act);
  }

  #failed(stream: EventSource): void {
    this.#tell("connecting");
    if (stream.readyState !== EventSource.CLOSED) return;
    // a new stream does not know where the one before it ended, so nobody tells it what it has missed
    let isNew = true;
    const opened = (): void => {
      if (isNew) this.#tellMissed();
      isNew = false;
    };
    this.#again = setTimeout(() => this.#open(opened), AGAIN_MS);
  }

  #tellMissed(): void {
    for (const act of this.#missed) act();
  }

  #spread(kind: LiveKind, text: unknown): void {
    const data = parsed(text);
    if (data === undefined) return;
    for (const heard of this.#heard.get(kind) ?? []) heard(data, kind);
  }

  #tell(status: LiveStatus): void {
    if (status === this.status) return;
    this.status = status;
    for (const act of this.#watching) act(status);
  }
}

function parsed(text: unknown): unknown {
  try {
    return JSON.parse(String(text));
  } catch {
    return undefined;
  }
}

/** The one of this page. */
export const live: Live = new Live();
