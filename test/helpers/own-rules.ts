// SPDX-License-Identifier: Apache-2.0
// A profile with rules of a workload's own, and which events are one behaviour under it.
import assert from "node:assert/strict";
import type { SecurityEvent } from "../../src/event/index.ts";
import {
  BUILTIN_PROFILES,
  createMapper,
  createProfile,
  type EventMapper,
  type OwnRule,
  type Profile,
} from "../../src/model/index.ts";
import { SHA256 } from "./test-hasher.ts";

export const mapper: EventMapper = createMapper(SHA256);

/** `portable` with more rules. */
export function withRules(...rules: readonly OwnRule[]): Profile {
  const all = [...BUILTIN_PROFILES.portable.rules, ...rules];
  return createProfile({ name: "portable", rules: all }, mapper);
}

export function withTemplates(...texts: readonly string[]): Profile {
  return withRules(
    ...texts.map((template): OwnRule => ({ rule: "path-template", template, asked: true })),
  );
}

/** How many behaviours the events are. */
export function behaviours(profile: Profile, events: readonly SecurityEvent[]): number {
  return new Set(events.map((e) => mapper.coefficient(profile.rewrite(e)))).size;
}

/** All of them are one behaviour. */
export function same(profile: Profile, ...events: readonly SecurityEvent[]): void {
  assert.equal(behaviours(profile, events), 1);
}

/** No two of them are. */
export function different(profile: Profile, ...events: readonly SecurityEvent[]): void {
  assert.equal(behaviours(profile, events), events.length);
}
