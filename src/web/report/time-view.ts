// SPDX-License-Identifier: Apache-2.0
// The part of a run's time that is shown: zoomed around a point, moved, shown whole.

/** Shortest time that is shown (ms). */
const LEAST_MS = 0.01;
const WHEEL = 1.25;
/** Share of the time that a key moves by. */
const STEP = 0.2;
const MAX_TICKS = 6;

export class TimeView {
  from = 0;
  to: number;
  readonly #span: number;
  readonly #changed: () => void;

  constructor(spanMs: number, changed: () => void) {
    this.#span = Math.max(spanMs, LEAST_MS);
    this.to = this.#span;
    this.#changed = changed;
  }

  /** Where a time is, in per cent of what is shown. */
  place(ms: number): number {
    return ((ms - this.from) / (this.to - this.from)) * 100;
  }

  whole(): void {
    this.#set(0, this.#span);
  }

  /** @param factor above 1: closer. @param at share of what is shown that stays where it is */
  zoom(factor: number, at = 0.5): void {
    const length = Math.min(this.#span, Math.max(LEAST_MS, (this.to - this.from) / factor));
    const still = this.from + (this.to - this.from) * at;
    this.#set(still - length * at, still - length * at + length);
  }

  /** @param share of what is shown */
  move(share: number): void {
    const by = (this.to - this.from) * share;
    this.#set(this.from + by, this.to + by);
  }

  /** Wheel, drag and keys on `element`; `lane` matches what is as wide as the time that is shown, `axis` is as wide, too. */
  listen(element: HTMLElement, lane: string, axis: HTMLElement): void {
    element.addEventListener(
      "wheel",
      (event) => {
        if (!event.ctrlKey && !event.metaKey) return;
        event.preventDefault();
        const { left, width } = axis.getBoundingClientRect();
        const at = Math.min(1, Math.max(0, (event.clientX - left) / width));
        this.zoom(event.deltaY < 0 ? WHEEL : 1 / WHEEL, at);
      },
      { passive: false },
    );
    element.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const act = this.#keys()[event.shiftKey ? `Shift ${event.key}` : event.key];
      if (act === undefined) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      act();
    });
    for (const one of [element, axis]) {
      one.addEventListener("pointerdown", (event) => {
        const target = event.target as HTMLElement;
        if (event.button !== 0 || target.closest("button") !== null) return;
        if (one === element && target.closest(lane) === null) return;
        this.#drag(event, axis.getBoundingClientRect().width);
      });
    }
    axis.addEventListener("dblclick", () => this.whole());
  }

  #keys(): Readonly<Record<string, () => void>> {
    return {
      "+": () => this.zoom(2),
      "Shift +": () => this.zoom(2),
      "-": () => this.zoom(0.5),
      "0": () => this.whole(),
      "Shift ArrowLeft": () => this.move(-STEP),
      "Shift ArrowRight": () => this.move(STEP),
    };
  }

  #drag(down: PointerEvent, width: number): void {
    let x = down.clientX;
    const moved = (event: PointerEvent): void => {
      this.move((x - event.clientX) / Math.max(1, width));
      x = event.clientX;
    };
    const up = (): void => {
      window.removeEventListener("pointermove", moved);
      window.removeEventListener("pointerup", up);
    };
    window.addEventListener("pointermove", moved);
    window.addEventListener("pointerup", up);
  }

  #set(from: number, to: number): void {
    const length = to - from;
    const start = Math.min(Math.max(0, from), this.#span - length);
    this.from = Math.max(0, start);
    this.to = Math.min(this.#span, this.from + length);
    this.#changed();
  }
}

/** Round times between two, a few of them. */
export function ticks(from: number, to: number): number[] {
  const raw = (to - from) / MAX_TICKS;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((n) => n * power).find((one) => one >= raw) ?? raw;
  const found: number[] = [];
  for (let at = Math.ceil(from / step) * step; at <= to; at += step) found.push(at);
  return found;
}
