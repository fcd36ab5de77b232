// SPDX-License-Identifier: Apache-2.0
// Where a run that is alone is asked for evidence.
import { askDoor, type DoorKind, type RunDoor, serveDoor } from "../run-door.ts";
import { AttestError } from "./errors.ts";
import { ANSWER_MS, MAX_ANSWER_BYTES } from "./limits.ts";
import {
  type AttestAnswer,
  type AttestOrder,
  parseAttestAnswer,
  parseAttestOrder,
} from "./order.ts";

const EVIDENCE: DoorKind = {
  name: "attest.sock",
  purpose: "evidence",
  absent:
    "gives no evidence: start it with galgo run --attest-key KEY.pem, or through a daemon that has a key",
  answerMs: ANSWER_MS,
  maxAnswerBytes: MAX_ANSWER_BYTES,
  error: (code, message, cause) =>
    new AttestError(code === "REFUSED" ? "NO_EVIDENCE" : code, message, { cause }),
};

export type AttestSocket = RunDoor;

/**
 * Listens in the folder of a run.
 * @throws AttestError NO_SOCKET
 */
export function serveAttest(
  folder: string,
  attest: (order: AttestOrder) => Promise<AttestAnswer>,
): Promise<AttestSocket> {
  return serveDoor(EVIDENCE, folder, (order) => attest(parseAttestOrder(order)));
}

/**
 * Asks the run that has this folder.
 * @throws AttestError NO_ANSWER: nobody listens there; NO_EVIDENCE: it refuses
 */
export async function askRun(folder: string, order: AttestOrder): Promise<AttestAnswer> {
  return parseAttestAnswer(await askDoor(EVIDENCE, folder, JSON.stringify(order)), order);
}
