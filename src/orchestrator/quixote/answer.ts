// SPDX-License-Identifier: Apache-2.0
// What the orchestrator answers to each command of a console, payload by payload.
import { hexToBytes } from "../../base/hex.ts";
import { MAX_FRAME_BYTES } from "./limits.ts";
import type { ManagedNamespace, RecordTexts } from "../live/managed-namespace.ts";
import { countPayload, countTextPayload, OK, textPayload } from "./protocol.ts";
import type { CommandName } from "./protocol.ts";

/** The payloads of the answer. Nothing is computed before it is asked for. */
export async function* answerTo(
  command: CommandName,
  namespace: ManagedNamespace,
): AsyncGenerator<Uint8Array> {
  switch (command) {
    case "seal":
      await namespace.seal();
      yield OK;
      return;
    case "measurement":
      yield hexToBytes(namespace.measurement());
      return;
    case "state":
      yield hexToBytes(namespace.state());
      return;
    case "trajectory":
    case "forensics":
    case "events":
      return yield* texts(await namespace[command]());
    case "coefficients":
      return yield* coefficients(namespace, true);
    case "forensicsCoefficients":
      return yield* coefficients(namespace, false);
    case "counts":
      return yield* counts(namespace, true);
    case "forensicsCounts":
      return yield* counts(namespace, false);
    case "map":
      yield hexToBytes(namespace.aggregate());
      return yield* coefficients(namespace, true);
  }
}

function* coefficients(namespace: ManagedNamespace, wanted: boolean): Generator<Uint8Array> {
  const points = namespace.points().filter(({ valid }) => valid === wanted);
  yield countPayload(points.length);
  for (const { coefficient } of points) yield textPayload(coefficient);
}

function* counts(namespace: ManagedNamespace, wanted: boolean): Generator<Uint8Array> {
  const points = namespace.points().filter(({ valid }) => valid === wanted);
  yield countPayload(points.length);
  for (const { count } of points) yield countTextPayload(count);
}

function* texts(records: RecordTexts): Generator<Uint8Array> {
  yield countPayload(records.count);
  for (const line of records.lines()) {
    const payload = textPayload(line);
    yield payload.length <= MAX_FRAME_BYTES ? payload : tooLong(payload.length);
  }
}

/** Stands for a record that no frame can hold, so that the number of records stays what was announced. */
function tooLong(bytes: number): Uint8Array {
  return textPayload(`{"galgo": {"omitted": "a record of ${bytes} bytes is longer than a frame"}}`);
}
