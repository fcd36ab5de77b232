// SPDX-License-Identifier: Apache-2.0
// Finds the rules that a workload needs: what differed between its runs although it did the same. First names, because programs and files are told
// apart by them; then contents, ports, addresses and values; until nothing more is found. Rules that bring nothing together are left out.
import { quote } from "../../../base/quote.ts";
import type { SecurityEvent } from "../../../event/event.ts";
import type { LearningRun } from "../learning-run.ts";
import type { EventMapper } from "../../mapper.ts";
import { createProfile, type Profile } from "../../rules/profile.ts";
import { rewrittenFiles } from "../../rules/rewritten-files.ts";
import { ruleFault, ruleListFaults } from "../../rules/rule-faults.ts";
import {
  compareRules,
  isOwnRule,
  type OwnRule,
  type ProfileSpec,
  type RuleSpec,
} from "../../rules/rules.ts";
import { ActingTemplates } from "./acting.ts";
import { refuseTooWide } from "../../rules/too-wide.ts";
import { dayOf, isDatedTemplate } from "./dates.ts";
import { EvidenceBook } from "./evidence.ts";
import { foundOrMade } from "./found-or-made.ts";
import { varyingFrames } from "./frames.ts";
import { meet, type Met } from "./met.ts";
import { growTrees, type Sighting } from "./name-tree.ts";
import { proposalsOf, wordsOf } from "./part-rules.ts";
import { type LooseNames, templatesOf } from "./path-rules.ts";
import { usefulTemplates } from "./useful.ts";
import { namesIn } from "./sightings.ts";

/** Something that differed between runs and that no rule covers. */
export interface Varying {
  /** The behaviour, in words. */
  readonly what: string;
  /** Ids of the runs that differ. */
  readonly runs: readonly string[];
  /** Why there is no rule, and what to do. */
  readonly why: string;
}

export interface FoundRules {
  /** In the order of a written model, with their evidence. */
  readonly rules: readonly OwnRule[];
  readonly varying: readonly Varying[];
}

/** Each round finds what the one before uncovered; more than this is not needed by anything that ends. */
const MAX_ROUNDS = 8;
/** Names of a directory that are told. */
const MAX_SHOWN = 3;
const LOOSE =
  "they differ between runs and have nothing in common that a rule could say; more runs may bring all of them, or --rule path:TEMPLATE says what they are";

/**
 * The rules that `runs` (each once, ascending by id) need beside those of `spec`. Throws `ModelError` as `mapRuns`.
 */
export function findRules(
  runs: readonly LearningRun[],
  spec: ProfileSpec,
  mapper: EventMapper,
): FoundRules {
  return new Finder(runs, spec, mapper).find();
}

/** Two classes of ports of one program and use: classes may not overlap, so there is one. */
function isSameClass(a: OwnRule, b: OwnRule): boolean {
  if (a.rule !== "port-class" || b.rule !== "port-class") return false;
  return a.program === b.program && a.use === b.use;
}

/** One class instead of two. */
function wider(known: OwnRule, other: OwnRule): OwnRule {
  if (known.rule !== "port-class" || other.rule !== "port-class") return known;
  const from = Math.min(known.from, other.from);
  const to = Math.max(known.to, other.to);
  return from === known.from && to === known.to ? known : { ...known, from, to };
}

class Finder {
  readonly #runs: readonly LearningRun[];
  readonly #base: ProfileSpec;
  readonly #mapper: EventMapper;
  readonly #profile: Profile;
  #rules: readonly OwnRule[] = [];
  #books = new Map<OwnRule, EvidenceBook>();
  #varying = new Map<string, Varying>();
  #loose: readonly LooseNames[] = [];
  readonly #refused = new Map<string, string>();

  constructor(runs: readonly LearningRun[], spec: ProfileSpec, mapper: EventMapper) {
    this.#runs = runs;
    this.#base = spec;
    this.#mapper = mapper;
    this.#profile = createProfile(spec, mapper);
  }

  find(): FoundRules {
    let templates = this.#templates();
    let met = this.#round(templates);
    for (let kept = this.#merging(met, templates); kept.length < templates.length; ) {
      templates = kept;
      met = this.#round(templates);
      kept = this.#merging(met, templates);
    }
    this.#ground(templates);
    const rules = this.#rules.map((rule) => this.#grounded(rule)).sort(compareRules);
    this.#tellNames();
    const varying = [...this.#varying.values()].sort((a, b) => (a.what < b.what ? -1 : 1));
    return { rules, varying };
  }

  /** With these templates, everything else that is needed. */
  #round(templates: readonly string[]): Met {
    this.#rules = [];
    this.#books = new Map();
    for (const template of templates) this.#add({ rule: "path-template", template });
    let met = this.#meet();
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const before = this.#rules.length;
      this.#varying = new Map();
      this.#shared(met);
      this.#contents(met);
      this.#parts(met);
      if (this.#rules.length === before) break;
      met = this.#meet();
    }
    return met;
  }

  #meet(): Met {
    const { name, rules } = this.#base;
    return meet(this.#runs, { name, rules: [...rules, ...this.#rules] }, this.#mapper);
  }

  #templates(): readonly string[] {
    const days = this.#runs.map(({ facts }) => dayOf(facts.started ?? ""));
    const { templates, loose } = templatesOf(growTrees(this.#sightings()), { days });
    this.#loose = loose;
    const texts = templates.filter((template) => {
      const why = refuseTooWide({ rule: "path-template", template });
      if (why !== undefined) this.#refused.set(template, why);
      return why === undefined;
    });
    return [...usefulTemplates(texts, this.#sightings()).keys()];
  }

  /** Those of the templates that bring behaviours of different runs together, or hold the day of their run. */
  #merging({ behaviours, programs }: Met, templates: readonly string[]): readonly string[] {
    const acting = new ActingTemplates(templates);
    const merging = new Set(templates.filter(isDatedTemplate));
    for (const { runs, occurrences } of [...behaviours.values(), ...programs.values()]) {
      if (runs.size < 2 || merging.size === templates.length) continue;
      const sightings = occurrences.flatMap(({ raw, run }) => this.#sightingsIn(raw, run));
      for (const text of usefulTemplates(acting, sightings).keys()) merging.add(text);
    }
    return templates.filter((text) => merging.has(text));
  }

  #ground(templates: readonly string[]): void {
    for (const [template, values] of usefulTemplates(templates, this.#sightings())) {
      const book = this.#add({ rule: "path-template", template });
      for (const { value, run } of values) book?.add(value, this.#idsOf([run]));
    }
  }

  *#sightings(): Generator<Sighting> {
    for (const [run, { records }] of this.#runs.entries())
      for (const { event } of records) yield* this.#sightingsIn(event, run);
  }

  /** Names as the rules that were there before leave them. */
  #sightingsIn(event: SecurityEvent, run: number): readonly Sighting[] {
    const { pid, tgid } = event;
    const user = tgid === undefined ? { pid } : { pid, tgid };
    return [...namesIn(this.#profile.rewrite(event))].map((found) => ({ run, user, ...found }));
  }

  /** Files that some runs make and others find. */
  #shared(met: Met): void {
    for (const [path, runs] of foundOrMade(met, this.#mapper)) {
      const book = this.#add({ rule: "found-or-made", path });
      for (const way of ["found", "made"]) book?.add(way, this.#idsOf(runs));
    }
  }

  /** Files that the runs themselves change and read. */
  #contents({ profile, behaviours }: Met): void {
    const events = [...behaviours.values()].flatMap(({ event, occurrences }) =>
      occurrences.map(({ raw, run }) => ({ raw, event, run })),
    );
    const nameOf = profile.nameOf.bind(profile);
    const { emptyDigest } = this.#mapper;
    for (const [path, digests] of rewrittenFiles(events, { emptyDigest, nameOf })) {
      const book = this.#add({ rule: "no-digest", path });
      for (const { digest, run } of digests) book?.add(digest, this.#idsOf([run]));
    }
  }

  #parts(met: Met): void {
    for (const proposal of proposalsOf(varyingFrames(met, this.#mapper), met)) {
      if ("refused" in proposal) {
        this.#tell(proposal.event, proposal.refused, proposal.runs);
        continue;
      }
      const { rule, values } = proposal;
      const refused = refuseTooWide(rule) ?? this.#clash(rule);
      if (refused !== undefined) {
        this.#tell(proposal.event, refused, proposal.runs);
        continue;
      }
      const book = this.#add(rule);
      for (const { text, runs } of values) book?.add(text, this.#idsOf(runs));
    }
  }

  /** A class that somebody asked for and that this one would overlap with. */
  #clash(rule: OwnRule): string | undefined {
    if (rule.rule !== "port-class" && rule.rule !== "host-class") return undefined;
    const asked = this.#base.rules.filter(
      (other) => isOwnRule(other) && compareRules(other, rule) !== 0,
    );
    const [fault] = ruleListFaults(
      [...asked, { ...rule, asked: true as const }].sort(compareRules),
    );
    return fault === undefined ? undefined : `a rule that was asked for is in its way: ${fault}`;
  }

  /** Where the evidence of a rule is collected; undefined when somebody asked for the rule already, or there can be no such rule. */
  #add(rule: OwnRule): EvidenceBook | undefined {
    const same = (other: RuleSpec): boolean => compareRules(rule, other) === 0;
    if (ruleFault(rule) !== undefined) return undefined;
    if (rule.rule === "no-digest" && this.#isShared(rule.path)) return undefined;
    if (this.#base.rules.some((other) => isOwnRule(other) && same(other))) return undefined;
    const known = this.#rules.find((other) => same(other) || isSameClass(other, rule));
    const book = known === undefined ? undefined : this.#books.get(known);
    if (known !== undefined && book !== undefined) {
      this.#replace(known, wider(known, rule), book);
      return book;
    }
    const fresh = new EvidenceBook();
    this.#rules = [...this.#rules, rule];
    this.#books.set(rule, fresh);
    return fresh;
  }

  /** Its content does not count anyway. */
  #isShared(path: string): boolean {
    return this.#rules.some((rule) => rule.rule === "found-or-made" && rule.path === path);
  }

  #replace(known: OwnRule, by: OwnRule, book: EvidenceBook): void {
    if (by === known) return;
    this.#rules = this.#rules.map((rule) => (rule === known ? by : rule));
    this.#books.delete(known);
    this.#books.set(by, book);
  }

  #grounded(rule: OwnRule): OwnRule {
    const evidence = this.#books.get(rule)?.evidence();
    return evidence === undefined ? rule : { ...rule, evidence };
  }

  #tell(event: SecurityEvent, why: string, runs: readonly number[]): void {
    const what = wordsOf(event);
    if (!this.#varying.has(`${what} ${why}`))
      this.#varying.set(`${what} ${why}`, { what, why, runs: [...this.#idsOf(runs)].sort() });
  }

  #tellNames(): void {
    for (const { directory, names, runs } of this.#loose) {
      const shown = names.slice(0, MAX_SHOWN).map((name) => quote(name));
      const more = names.length > shown.length ? `, and ${names.length - shown.length} others` : "";
      const what = `names in ${quote(directory)}: ${shown.join(", ")}${more}`;
      this.#varying.set(what, { what, why: LOOSE, runs: [...this.#idsOf(runs)].sort() });
    }
    for (const [template, why] of this.#refused) {
      const what = `names like ${quote(template)}`;
      this.#varying.set(what, { what, why, runs: [] });
    }
  }

  #idsOf(runs: Iterable<number>): readonly string[] {
    return [...runs].flatMap((run) => this.#runs[run]?.id ?? []);
  }
}
