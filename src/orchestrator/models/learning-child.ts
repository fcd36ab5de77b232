// SPDX-License-Identifier: Apache-2.0
// The thread that adds one run to a model (learning-thread.ts).
import { parentPort, workerData } from "node:worker_threads";
import { learnFurther } from "./learn-further.ts";
import type { LearningOutcome, LearningTask } from "./learning-thread.ts";

function outcomeOf({ run, request }: LearningTask): LearningOutcome {
  try {
    const { model, runs, added } = learnFurther(run, request);
    return { figures: { points: model.spec.points.length, runs, added } };
  } catch (error) {
    return { refused: error instanceof Error ? error.message : String(error) };
  }
}

parentPort?.postMessage(outcomeOf(workerData as LearningTask));
