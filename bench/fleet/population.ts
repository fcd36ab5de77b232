// SPDX-License-Identifier: Apache-2.0
// Who is in the simulated fleet: hosts, what runs on each of them and in which state. The same for the same number of hosts, in whichever
// process it is made, so that agents in several processes and who counts the rows afterwards agree without talking.
import { IMAGE_COUNT, type Image, Images, type State, VARIANTS } from "./images.ts";
import { Random, Zipf } from "./random.ts";

/** Workloads of a host: as many as this on the average. */
export const WORKLOADS_A_HOST = 10;
/** Share of the instances that are in a rarer state of their service. */
const RARER_SHARE = 0.03;
/** Share of the instances that enforce; the others detect. */
const ENFORCING_SHARE = 0.8;
/** Workloads in a state that no other has: a few in the whole fleet. */
const OUTLIERS = 2;
const SITES: readonly string[] = ["fra1", "fra2", "ams1", "waw1"];
const ROLES: readonly string[] = ["web", "data", "batch", "edge"];

export interface SimWorkload {
  readonly run: string;
  readonly image: Image;
  readonly state: State;
  readonly enforcing: boolean;
}

export interface SimHost {
  readonly index: number;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly workloads: readonly SimWorkload[];
}

export class Population {
  readonly images = new Images();
  readonly hosts: number;
  readonly #zipf = new Zipf(IMAGE_COUNT);

  constructor(hosts: number) {
    this.hosts = hosts;
  }

  host(index: number): SimHost {
    const random = new Random(0x9a1_60 + index);
    const labels = { site: random.pick(SITES), role: random.pick(ROLES), env: "production" };
    // as many on all hosts together as said, however they are spread
    const count = WORKLOADS_A_HOST - 5 + ((index * 7) % 11);
    const workloads = Array.from({ length: count }, () => this.#workload(random));
    if (index < OUTLIERS) workloads[0] = this.#outlier(workloads[0], index);
    return { index, name: `vm-${String(index).padStart(5, "0")}`, labels, workloads };
  }

  /** The next release of what this workload runs: another run, another model, its state. */
  released(old: SimWorkload, random: Random): SimWorkload {
    const rank = this.rankOf(old.image);
    const image = this.images.get(rank, old.image.version + 1);
    return { ...old, run: runId(random), image, state: commonest(image) };
  }

  rankOf(image: Image): number {
    for (let rank = 0; rank < IMAGE_COUNT; rank++)
      if (this.images.get(rank, 1).service === image.service) return rank;
    throw new RangeError(image.service);
  }

  #workload(random: Random): SimWorkload {
    const image = this.images.get(this.#zipf.draw(random), 1);
    const variant = random.chance(RARER_SHARE) ? 1 + random.below(VARIANTS - 1) : 0;
    const state = image.states[variant] ?? commonest(image);
    return { run: runId(random), image, state, enforcing: random.chance(ENFORCING_SHARE) };
  }

  #outlier(old: SimWorkload | undefined, index: number): SimWorkload {
    if (old === undefined) throw new RangeError("a host without workloads");
    const foreign = [0, 1].map((n) => this.images.foreign(old.image, index * 2 + n));
    return { ...old, enforcing: false, state: this.images.stateWith(old.image, foreign) };
  }
}

function commonest(image: Image): State {
  const [state] = image.states;
  if (state === undefined) throw new RangeError(`${image.service} has no state`);
  return state;
}

/** As runs are named: the time, and some chance. */
function runId(random: Random): string {
  return `20261122T120000Z-${random.hex(8)}`;
}
