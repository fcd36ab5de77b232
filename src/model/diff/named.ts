// SPDX-License-Identifier: Apache-2.0
// The behaviours behind the points of a model, as far as recorded events tell.
import type { SecurityEvent } from "../../event/event.ts";
import { HOOKS, isUntold } from "../../event/index.ts";
import { ModelError } from "../errors.ts";
import { expectedEvents } from "../rules/expected.ts";
import { IdentityMap } from "../learning/identities.ts";
import type { EventMapper } from "../mapper.ts";
import type { Profile } from "../rules/profile.ts";
import { applyPseudonyms } from "../pseudonym.ts";
import { Programs } from "./programs.ts";

/** The terms that coefficients are computed under. */
export interface NamingTerms {
  readonly mapper: EventMapper;
  readonly profile: Profile;
  /** hex */
  readonly pseudonyms: ReadonlySet<string>;
}

/** A recorded event, and what the workload said it was doing. */
export interface NamedRecord {
  /** Raw. */
  readonly event: SecurityEvent;
  readonly test?: string;
}

/** A behaviour: the first event that showed it. */
export interface Behaviour {
  readonly coefficient: string;
  /** As it was recorded, with the TASK_IDs of the model. */
  readonly event: SecurityEvent;
  /** As it was mapped: after the rules. */
  readonly mapped: SecurityEvent;
  /** Tests that showed it, ascending. */
  readonly tests: readonly string[];
}

export interface NamedBehaviours {
  /** By coefficient, in the order of the records. */
  readonly behaviours: ReadonlyMap<string, Behaviour>;
  /** For each record its coefficient; undefined where it has none. */
  readonly coefficients: readonly (string | undefined)[];
  readonly programs: Programs;
}

/**
 * Names behaviours by records of one or more runs. TASK_IDs are computed anew under the rules where identity records allow that; a record
 * that can not be carried over to the rules names nothing.
 */
export function nameRecords(records: readonly NamedRecord[], terms: NamingTerms): NamedBehaviours {
  const { mapper, profile, pseudonyms } = terms;
  const ids = identitiesOf(records, terms);
  const found = new Map<string, Behaviour & { readonly tests: string[] }>();
  const note = (raw: SecurityEvent, test?: string): string | undefined => {
    const event = mapper.maps(raw.hook) ? carried(raw, ids) : undefined;
    if (event === undefined) return undefined;
    const mapped = applyPseudonyms(profile.rewrite(event), pseudonyms, mapper);
    const coefficient = mapper.coefficient(mapped);
    const known = found.get(coefficient);
    const behaviour = known ?? { coefficient, event, mapped, tests: [] };
    if (known === undefined) found.set(coefficient, behaviour);
    if (test !== undefined && !behaviour.tests.includes(test)) behaviour.tests.push(test);
    return coefficient;
  };
  const coefficients = records.map(({ event, test }) => note(event, test));
  const raw = records.map(({ event }) => event);
  for (const event of expectedEvents(raw, profile.spec, mapper.emptyDigest)) note(event);
  for (const { tests } of found.values()) tests.sort();
  const nameOf = ({ file }: { readonly file: Parameters<Profile["rewriteExecutable"]>[0] }) =>
    shownPath(profile.rewriteExecutable(file).path.pathname);
  return { behaviours: found, coefficients, programs: new Programs(ids.identities, nameOf) };
}

function identitiesOf(
  records: readonly NamedRecord[],
  { mapper, profile }: NamingTerms,
): IdentityMap {
  const ids = new IdentityMap(mapper, profile);
  for (const { event } of records) {
    if (event.hook !== "bprm_committed_creds" || isUntold(event)) continue;
    try {
      ids.learn(event);
    } catch (error) {
      // one recorded id, two programs under these rules: what they did is not named
      if (!(error instanceof ModelError)) throw error;
    }
  }
  return ids;
}

function carried(event: SecurityEvent, ids: IdentityMap): SecurityEvent | undefined {
  try {
    return ids.apply(event);
  } catch (error) {
    if (error instanceof ModelError) return undefined;
    throw error;
  }
}

/** A pathname that rules have rewritten, without the empty component that keeps real paths from looking like it. */
export function shownPath(pathname: string): string {
  return pathname.replace("//", "/");
}

/**
 * An event to describe a behaviour with: paths as the rules leave them, since their varying parts say nothing, and everything else as it was
 * recorded.
 */
export function shownEvent({ event, mapped }: Pick<Behaviour, "event" | "mapped">): SecurityEvent {
  const from = mapped.cell as unknown as Readonly<Record<string, unknown>>;
  const cell: Record<string, unknown> = { ...event.cell };
  for (const { member, kind } of HOOKS[event.hook].cell) {
    const raw = cell[member] as { readonly path: object } | undefined;
    const rewritten = from[member] as typeof raw;
    if (raw === undefined || rewritten === undefined) continue;
    if (kind === "path") cell[member] = withPath(raw, rewritten);
    if (kind === "file" || kind === "dentry")
      cell[member] = { ...raw, path: withPath(raw.path, rewritten.path) };
  }
  return { ...event, cell } as unknown as SecurityEvent;
}

function withPath(raw: object, rewritten: object): object {
  const { pathname } = rewritten as { readonly pathname: string };
  return { ...raw, pathname: shownPath(pathname) };
}
