// SPDX-License-Identifier: Apache-2.0
// What the workloads of the simulated fleet are: services whose behaviours are real events, mapped by the real mapper, so that
// coefficients, states, measurements and records are those of a host.
import { describeEvent, writeRecord, type SecurityEvent } from "../../src/event/index.ts";
import {
  BUILTIN_PROFILES,
  createMapper,
  createModel,
  createProfile,
  type EventMapper,
} from "../../src/model/index.ts";
import { MadeRun } from "../../test/helpers/made-runs.ts";
import { SHA256 } from "../../test/helpers/test-hasher.ts";
import { Random } from "./random.ts";

const SERVICES: readonly string[] = [
  "nginx", "redis", "postgres", "node-api", "python-worker", "java-orders", "envoy", "fluent-bit",
  "rabbitmq", "memcached", "go-gateway", "php-fpm", "haproxy", "mysql", "kafka", "etcd",
  "prometheus", "grafana", "vault", "consul", "keycloak", "minio", "elastic", "solr",
  "postfix", "dovecot", "bind", "chrony", "sshd", "cron-backup", "batch-invoices", "ci-runner",
  "rust-search", "dotnet-billing", "perl-reports", "ruby-store",
]; // biome-ignore format: a table

export const IMAGE_COUNT: number = SERVICES.length;
const MIN_BEHAVIOURS = 24;
const MORE_BEHAVIOURS = 120;
/** Of all behaviours of a service, those that only some of its instances show before they are sealed. */
const OPTIONAL = 4;
/** Forms in which a service is seen: all of the optional behaviours, or all but one. */
export const VARIANTS = 3;

/** One thing that a workload does. */
export interface Behaviour {
  readonly coefficient: string;
  readonly hook: string;
  /** The record as it stands in trajectory.jsonl. */
  readonly record: string;
  readonly words: string;
}

/** A version of a service: what its model knows, and the states in which its instances are. */
export interface Image {
  readonly service: string;
  readonly version: number;
  readonly image: string;
  readonly model: { readonly name: string; readonly digest: string };
  readonly program: string;
  readonly behaviours: readonly Behaviour[];
  /** The commonest first. */
  readonly states: readonly State[];
}

export interface State {
  readonly state: string;
  readonly measurement: string;
  readonly behaviours: readonly Behaviour[];
}

/** Makes images; the same for the same rank and version. */
export class Images {
  readonly #mapper: EventMapper = createMapper(SHA256);
  readonly #profile = createProfile(BUILTIN_PROFILES.portable, this.#mapper);
  readonly #made = new Map<string, Image>();

  get(rank: number, version: number): Image {
    const key = `${rank}/${version}`;
    let image = this.#made.get(key);
    if (image === undefined) {
      image = this.#make(rank, version);
      this.#made.set(key, image);
    }
    return image;
  }

  /** A behaviour that no model knows: what an intruder does in this service. The same for the same number. */
  foreign(image: Image, number: number): Behaviour {
    const run = new MadeRun(10, image.program);
    const path = FOREIGN[number % FOREIGN.length] ?? "/etc/shadow";
    if (number % 3 === 2) run.connects(`203.0.113.${number % 250}`, 4444);
    else run.reads(number < FOREIGN.length ? path : `${path}.${number}`);
    return this.#behaviour(run.events.at(-1), image.program);
  }

  /** The state of an instance that has also shown these. */
  stateWith(image: Image, more: readonly Behaviour[]): State {
    return stateOf([...(image.states[0]?.behaviours ?? []), ...more]);
  }

  #make(rank: number, version: number): Image {
    const service = SERVICES[rank % SERVICES.length] ?? "service";
    const program = `/usr/bin/${service}`;
    const random = new Random(rank * 1_000 + 1);
    const run = new MadeRun(10, program);
    const count = MIN_BEHAVIOURS + random.below(MORE_BEHAVIOURS);
    for (let n = 0; n < count; n++) act(run, service, n);
    // a release does a few things that the one before did not
    for (let v = 1; v < version; v++) run.reads(`/opt/${service}/release-${v + 1}/app.conf`);
    const behaviours = run.events.slice(1).map((event) => this.#behaviour(event, program));
    const states = Array.from({ length: VARIANTS }, (_, variant) =>
      stateOf(variant === 0 ? behaviours : without(behaviours, variant)),
    );
    const digest = SHA256.hex(Buffer.from(behaviours.map((b) => b.coefficient).join("")));
    return {
      service,
      version,
      image: `registry.example.org/${service}:${version}.0`,
      model: { name: service, digest },
      program,
      behaviours,
      states,
    };
  }

  #behaviour(event: SecurityEvent | undefined, program: string): Behaviour {
    if (event === undefined) throw new Error("a run without events");
    const coefficient = this.#mapper.coefficient(this.#profile.rewrite(event));
    const words = `${program} ${describeEvent(event, () => program)}`;
    return { coefficient, hook: event.hook, record: writeRecord(event), words };
  }
}

const FOREIGN: readonly string[] = [
  "/etc/shadow",
  "/root/.ssh/id_ed25519",
  "/var/run/secrets/token",
  "/usr/bin/nc",
  "/tmp/.hidden/miner",
  "/proc/1/environ",
];

function act(run: MadeRun, service: string, n: number): void {
  if (n % 11 === 7) run.connects(`10.${n % 7}.0.${n % 250}`, 5_432);
  else if (n % 17 === 9) run.binds("0.0.0.0", 8_000 + (n % 40));
  else if (n % 5 === 3) run.reads(`/usr/lib/${service}/module-${n}.so`);
  else run.reads(`/etc/${service}/part-${n}.conf`);
}

function without(behaviours: readonly Behaviour[], variant: number): readonly Behaviour[] {
  const left = behaviours.length - OPTIONAL + variant;
  return behaviours.filter((_, index) => index !== left);
}

function stateOf(behaviours: readonly Behaviour[]): State {
  const model = createModel({ hasher: SHA256 });
  for (const { coefficient } of behaviours) model.update(coefficient);
  return { state: model.state(), measurement: model.measurement(), behaviours };
}
