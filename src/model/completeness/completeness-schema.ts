// SPDX-License-Identifier: Apache-2.0
// The shape of `spec.completeness` in a model file. Members beyond the first five are newer than the format: models without them are read.
import * as z from "zod/mini";
import {
  MAX_CURVE,
  MAX_MINUTES,
  MAX_REQUIREMENT_CHARS,
  MAX_REQUIREMENTS,
  MAX_RUN_SUMMARIES,
  MAX_TEST_NAME_CHARS,
  MAX_TESTS,
} from "./completeness-limits.ts";
import { ACTIVITY_KINDS, type ActivityKind } from "./completeness-types.ts";
import { MAX_SATURATION } from "../limits.ts";
import type { Completeness } from "../file/workload-model.ts";

/** Made when it is asked for: most starts of Galgo read no model. */
export function completenessSchema(): z.ZodMiniType<Completeness> {
  const count = z.int().check(z.nonnegative());

  const runSummary = z.strictObject({
    id: z.string().check(z.regex(/^[0-9a-f]{16}$/)),
    eventsSeen: count,
    eventsLost: count,
    durationMs: count,
    behaviours: count,
    onlyHere: count,
    perMinute: z.exactOptional(z.array(count).check(z.maxLength(MAX_MINUTES))),
    surprises: z.exactOptional(count),
  });

  const unseen = z.strictObject({
    events: count,
    once: count,
    twice: count,
    inOneRun: count,
    inTwoRuns: count,
  });

  const kinds = Object.fromEntries(ACTIVITY_KINDS.map((kind) => [kind, z.exactOptional(count)]));
  // fromEntries forgets which names there are
  const activity = z.strictObject(
    kinds as Record<ActivityKind, z.ZodMiniExactOptional<typeof count>>,
  );

  const requirement = z.strictObject({
    require: z.string().check(z.minLength(1), z.maxLength(MAX_REQUIREMENT_CHARS)),
    met: z.boolean(),
  });

  const test = z.strictObject({
    name: z.string().check(z.minLength(1), z.maxLength(MAX_TEST_NAME_CHARS)),
    behaviours: count,
    onlyHere: count,
  });

  return z.strictObject({
    runs: count,
    eventsSeen: count,
    eventsLost: count,
    behaviours: count,
    saturation: z.array(count).check(z.maxLength(MAX_SATURATION)),
    perRun: z.exactOptional(z.array(runSummary).check(z.maxLength(MAX_RUN_SUMMARIES))),
    curve: z.exactOptional(z.array(count).check(z.maxLength(MAX_CURVE))),
    unseen: z.exactOptional(unseen),
    activity: z.exactOptional(activity),
    requirements: z.exactOptional(z.array(requirement).check(z.maxLength(MAX_REQUIREMENTS))),
    tests: z.exactOptional(z.array(test).check(z.maxLength(MAX_TESTS))),
  });
}
