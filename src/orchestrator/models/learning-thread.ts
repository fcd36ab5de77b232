// SPDX-License-Identifier: Apache-2.0
// Learning further beside the thread that asks for it: reading the records of many runs takes seconds, in which others would wait.
import { ModelUseError } from "../errors.ts";
import type { RunResult } from "../run-request.ts";
import { siblingModule, startThread } from "../../native/start-thread.ts";
import type { FurtherRequest, FurtherResult } from "./learn-further.ts";

/** What there is to say of a `FurtherResult`. */
export interface FurtherFigures extends Omit<FurtherResult, "model"> {
  /** Behaviours of the model. */
  readonly points: number;
}

/** What the thread is given. */
export interface LearningTask {
  readonly run: RunResult;
  readonly request: FurtherRequest;
}

/** What it says. */
export type LearningOutcome = { readonly figures: FurtherFigures } | { readonly refused: string };

/** As `learnFurther`, in a thread that ends with it. @throws ModelUseError BAD_MODEL, whatever went wrong */
export async function learnFurtherAside(
  run: RunResult,
  request: FurtherRequest,
): Promise<FurtherFigures> {
  const task: LearningTask = { run, request };
  const module = siblingModule(import.meta.url, "learning-child");
  const thread = startThread(module, { workerData: task });
  const outcome = await new Promise<LearningOutcome>((resolve, reject) => {
    thread.once("message", resolve);
    thread.once("error", reject);
    thread.once("exit", () => reject(new ModelUseError("BAD_MODEL", "its thread has ended")));
  });
  if ("refused" in outcome) throw new ModelUseError("BAD_MODEL", outcome.refused);
  return outcome.figures;
}
