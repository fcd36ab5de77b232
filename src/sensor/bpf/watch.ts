// SPDX-License-Identifier: Apache-2.0
// What programs have counted of a namespace, and how far its agent has come with what they recorded: read by a thread that is not its
// agent. Changes nothing.
import { join } from "node:path";
import { BpfMap } from "../../native/bpf-map.ffi.ts";
import { Mapping, pageBytes } from "../../native/mapping.ffi.ts";
import type { AgentPlace } from "./agent.ts";
import { NamespaceFlag } from "./layout.gen.ts";
import { type NamespaceCounters, NamespaceView } from "./namespace-slot.ts";

/** Of one namespace, as long as it is in its slot. */
export class NamespaceWatch {
  readonly #serial: number;
  readonly #view: NamespaceView;
  readonly #ring: Mapping;
  readonly #taken: BigUint64Array;
  readonly #produced: BigUint64Array;

  /** @throws BpfError, NativeError, Error when its slot is empty */
  constructor({ folder, slot, serial }: AgentPlace) {
    this.#serial = serial;
    const page = pageBytes();
    using namespaces = BpfMap.open(join(folder, "maps/galgo_namespaces"));
    using ring = ringIn(folder, slot);
    // the reader's page, then the programs'
    this.#ring = Mapping.of(ring.fd, 2 * page, "read");
    this.#taken = new BigUint64Array(this.#ring.memory, 0, 1);
    this.#produced = new BigUint64Array(this.#ring.memory, page, 1);
    this.#view = new NamespaceView(namespaces, slot);
  }

  /** How far the programs have come (bytes since the ring was made): what anybody had reserved until now lies before it. */
  get produced(): bigint {
    return Atomics.load(this.#produced, 0);
  }

  /** Records before this place were taken into account. */
  get taken(): bigint {
    return Atomics.load(this.#taken, 0);
  }

  /** undefined: the namespace is not in its slot any more, or nothing is watched. */
  counters(): NamespaceCounters | undefined {
    const counters = this.#view.counters();
    // looked at afterwards: an agent that goes says so before its slot is cleared
    const active = (this.#view.flags & NamespaceFlag.active) !== 0;
    return active && this.#view.serial === this.#serial ? counters : undefined;
  }

  close(): void {
    this.#view.close();
    this.#ring.close();
  }
}

function ringIn(folder: string, slot: number): BpfMap {
  using rings = BpfMap.open(join(folder, "maps/galgo_rings"));
  const id = rings.innerId(slot);
  const ring = id === undefined ? undefined : BpfMap.byId(id);
  if (ring === undefined) throw new Error(`there is no namespace in slot ${slot}`);
  return ring;
}
