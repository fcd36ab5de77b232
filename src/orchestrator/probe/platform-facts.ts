// SPDX-License-Identifier: Apache-2.0
// What could vouch for evidence on this machine. Nothing here is needed to run a workload.
import { readMeasurementList } from "../../quote/ima-list.ts";
import { DEFAULT_TPM, TpmPlatform } from "../../quote/tpm/index.ts";
import { openTsmPlatform } from "../../quote/tsm-platform.ts";
import { noteHungThread } from "../thread/worker-thread.ts";
import type { Fact } from "./facts.ts";

/** A TPM that takes longer is told of as one that does not answer. */
const TPM_MS = 5_000;

/** Tries each. Absent is no fault, so `ok` is never false. */
export async function platformFacts(): Promise<Fact[]> {
  return [await tpmFact(), await tsmFact(), imaFact()];
}

async function tpmFact(): Promise<Fact> {
  return await tried("tpm", "TPM 2.0", async () => {
    const platform = await TpmPlatform.open({ openMs: TPM_MS, onHung: noteHungThread });
    await platform.close();
    return `${DEFAULT_TPM} makes quotes; galgo tpm show`;
  });
}

async function tsmFact(): Promise<Fact> {
  return await tried("tsm", "confidential machine", async () => {
    const platform = await openTsmPlatform();
    await platform.close();
    return "its firmware makes reports";
  });
}

function imaFact(): Fact {
  const [id, title] = ["ima", "measurement list (IMA)"];
  try {
    return { id, title, ok: true, value: `${readMeasurementList().length} bytes` };
  } catch (error) {
    return { id, title, ok: undefined, value: `none: ${wordsOf(error)}` };
  }
}

async function tried(id: string, title: string, attempt: () => Promise<string>): Promise<Fact> {
  try {
    return { id, title, ok: true, value: await attempt() };
  } catch (error) {
    return { id, title, ok: undefined, value: `none: ${wordsOf(error)}` };
  }
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
