// SPDX-License-Identifier: Apache-2.0
// What a simulated host has to tell: its table of workloads and how that changes, violations, behaviours, counts, the sets behind states.
import type {
  BehaviourItem,
  CountsItem,
  Item,
  ItemCounts,
  PointsItem,
  SelectedWorkload,
  TableItem,
  ViolationItem,
  WorkloadItem,
} from "../../src/wire/link/index.ts";
import type { Behaviour } from "./images.ts";
import type { Population, SimHost, SimWorkload } from "./population.ts";
import type { Random } from "./random.ts";

/** Coefficients of one item about the set behind a state. */
const POINTS_AT_ONCE = 1_000;
/** The first numbers of behaviours that no model knows are those of outliers. */
const FIRST_FOREIGN = 100;
/** Different behaviours that violations of the whole fleet are made of. */
const FOREIGN = 400;

interface Running {
  workload: SimWorkload;
  readonly started: number;
  events: number;
  violations: number;
}

export class HostItems {
  readonly host: SimHost;
  readonly #population: Population;
  readonly #random: Random;
  readonly #running: Running[];
  /** Coefficients that were told: a host tells what is behind each once. */
  readonly #shown = new Set<string>();
  #rev: number;

  constructor(population: Population, host: SimHost, random: Random) {
    this.#population = population;
    this.#random = random;
    this.host = host;
    const started = Date.now() - 3_600_000;
    this.#rev = host.workloads.length;
    this.#running = host.workloads.map((workload) => ({
      workload,
      started: started - random.below(86_400_000),
      events: 10_000 + random.below(1_000_000),
      violations: 0,
    }));
  }

  get rev(): number {
    return this.#rev;
  }

  get count(): number {
    return this.#running.length;
  }

  /** What heartbeats are a digest of. */
  get states(): readonly { readonly run: string; readonly state: string }[] {
    return this.#running.map(({ workload }) => ({
      run: workload.run,
      state: workload.state.state,
    }));
  }

  get runs(): readonly string[] {
    return this.#running.map(({ workload }) => workload.run);
  }

  /** All of the table. */
  table(): Item[] {
    const entries: Item[] = this.#running.map((one) => this.#entry(one, "running"));
    return [...entries, this.#whole()];
  }

  /** The next release of one of the workloads: its run ends, another begins. */
  deploy(): Item[] {
    const one = this.#any();
    const at = Date.now();
    this.#rev += 1;
    const ended: WorkloadItem = {
      ...this.#entry(one, "ended"),
      ended: at,
      outcome: "ended with status 0",
    };
    one.workload = this.#population.released(one.workload, this.#random);
    this.#rev += 1;
    return [ended, this.#entry({ ...one, started: at, events: 0 }, "running")];
  }

  /** Runs for which it holds. */
  selected(is: (workload: SelectedWorkload) => boolean): readonly string[] {
    return this.#running
      .map(({ workload }) => workload)
      .filter(({ run, image: { service, model } }) =>
        is({ id: run, name: service, model: model.digest, labels: {} }),
      )
      .map(({ run }) => run);
  }

  /** A workload is killed, and nobody starts it again. */
  end(run: string): Item[] {
    const at = this.#running.findIndex(({ workload }) => workload.run === run);
    const [one] = at < 0 ? [] : this.#running.splice(at, 1);
    if (one === undefined) return [];
    this.#rev += 1;
    const how = { ended: Date.now(), outcome: "killed by the fleet" } as const;
    return [{ ...this.#entry(one, "ended"), ...how }];
  }

  /** An event outside of the model of one of the workloads, and the behaviour behind it where this host has not told it. */
  violate(): { readonly violation: ViolationItem; readonly behaviours: readonly BehaviourItem[] } {
    const one = this.#any();
    one.violations += 1;
    const { workload, violations: number } = one;
    const { image, run } = workload;
    const which = FIRST_FOREIGN + this.#random.below(FOREIGN);
    const foreign = this.#population.images.foreign(image, which);
    const at = Date.now();
    const told = { at, run, hook: foreign.hook, program: image.program, words: foreign.words };
    const { coefficient, record } = foreign;
    const isKnown = this.#shown.has(coefficient);
    this.#shown.add(coefficient);
    const behaviour: BehaviourItem = {
      ...told,
      kind: "behaviour",
      coefficient,
      valid: false,
      record,
    };
    return {
      violation: {
        ...told,
        kind: "violation",
        id: `${run}/forensics/${number}`,
        number,
        decision: workload.enforcing ? "denied" : "observed",
        why: `${image.service} never did this; the nearest that it did differs in the path`,
        coefficient,
        chain: [image.program],
        model: image.model.digest,
        heldUs: 120,
        record,
      },
      behaviours: isKnown ? [] : [behaviour],
    };
  }

  /** A behaviour that a free workload shows for the first time. */
  behaviour(behaviour: Behaviour): BehaviourItem {
    const { workload } = this.#any();
    const { coefficient, hook, words, record } = behaviour;
    const { program } = workload.image;
    const told = { at: Date.now(), run: workload.run, coefficient, hook, program, words, record };
    return { ...told, kind: "behaviour", valid: true };
  }

  /** Of all workloads, which have gone on meanwhile. */
  counts(): CountsItem[] {
    const at = Date.now();
    return this.#running.map((one) => {
      one.events += 1 + this.#random.below(5_000);
      return { kind: "counts", at, run: one.workload.run, counts: this.#counts(one) };
    });
  }

  /** The sets behind states, as far as workloads of this host are in them. */
  points(states: readonly string[]): PointsItem[] {
    const at = Date.now();
    return states.flatMap((state) => {
      const one = this.#running.find(({ workload }) => workload.state.state === state);
      if (one === undefined) return [];
      const all = one.workload.state.behaviours.map(({ coefficient }) => coefficient);
      const { run } = one.workload;
      const items: PointsItem[] = [];
      for (let first = 0; first < all.length; first += POINTS_AT_ONCE) {
        const coefficients = all.slice(first, first + POINTS_AT_ONCE);
        items.push({ kind: "points", at, run, state, total: all.length, first, coefficients });
      }
      return items;
    });
  }

  #entry(one: Running, status: WorkloadItem["status"]): WorkloadItem {
    const { workload, started } = one;
    const { image, state, enforcing, run } = workload;
    return {
      kind: "workload",
      rev: this.#rev,
      at: Date.now(),
      run,
      name: image.service,
      mode: enforcing ? "enforce" : "detect",
      sealed: true,
      onViolation: enforcing ? "deny" : "observe",
      sensor: "seccomp",
      status,
      started,
      state: state.state,
      measurement: state.measurement,
      model: image.model,
      image: image.image,
      origin: `container ${run.slice(-8)}`,
      counts: this.#counts(one),
    };
  }

  #whole(): TableItem {
    return { kind: "table", rev: this.#rev, at: Date.now(), runs: this.runs };
  }

  #counts({ workload, events, violations }: Running): ItemCounts {
    const points = workload.state.behaviours.length;
    return { events, points, trajectory: 0, violations, refused: 0, lost: 0 };
  }

  #any(): Running {
    return this.#random.pick(this.#running);
  }
}
