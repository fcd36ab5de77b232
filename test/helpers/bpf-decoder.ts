// SPDX-License-Identifier: Apache-2.0
// A decoder of records with a sink that gives readable identities.
import { createHash } from "node:crypto";
import type { HookName, TaskIdentity } from "../../src/event/index.ts";
import {
  createDecoder,
  type DecoderOptions,
  type DecoderSink,
} from "../../src/sensor/bpf/decoder.ts";
import type { Contents } from "../../src/sensor/bpf/objects.ts";
import type { RecordDecoder, Told } from "../../src/sensor/bpf/types.ts";
import type { ExecutedProgram } from "../../src/sensor/sensor.ts";
import { recordBytes, type WrittenRecord } from "./bpf-record.ts";

export const EMPTY: string = createHash("sha256").digest("hex");
const ZEROS = "0".repeat(64);
export const ROOT_IDENTITY: TaskIdentity = { taskId: ZEROS, pTaskId: ZEROS };

/** TASK_ID that the sink gives to a program. */
export function taskIdOf(pathname: string): string {
  return createHash("sha256").update(pathname).digest("hex");
}

export interface TestSink extends DecoderSink {
  readonly losses: string[];
  readonly programs: ExecutedProgram[];
}

export function testSink(wants: (hook: HookName) => boolean = () => true): TestSink {
  const losses: string[] = [];
  const programs: ExecutedProgram[] = [];
  return {
    losses,
    programs,
    root: ROOT_IDENTITY,
    emptyDigest: EMPTY,
    wantsDigest: wants,
    dependsOnProcess: () => false,
    forked: ({ taskId }) => ({ taskId, pTaskId: taskId }),
    execed: ({ pTaskId }, program) => {
      programs.push(program);
      return { taskId: taskIdOf(program.file.path.pathname), pTaskId };
    },
    decide: () => ({ action: "allow", discipline: false }),
    violated: () => ({ action: "allow", discipline: false }),
    lost: (reason) => {
      losses.push(reason);
    },
    answered: () => undefined,
  };
}

/** Contents whose digest is their path's. */
export const NAMED_CONTENTS: Contents = {
  digest: (_view, _object, pathname) => ({ digest: taskIdOf(pathname), settled: true }),
};

export interface TestDecoder {
  readonly decoder: RecordDecoder;
  readonly sink: TestSink;
  tell(record: WrittenRecord): Told;
}

const RING_BYTES = 1 << 16;

export function testDecoder(
  options: Partial<DecoderOptions> & { sink?: TestSink } = {},
): TestDecoder {
  const memory = Buffer.alloc(RING_BYTES);
  const sink = options.sink ?? testSink();
  const decoder = createDecoder({
    rules: 0,
    contents: NAMED_CONTENTS,
    digest: "sha256",
    ...options,
    memory,
    sink,
  });
  return {
    decoder,
    sink,
    tell(record) {
      const bytes = recordBytes(record);
      bytes.copy(memory, 8);
      const told = decoder.tell(8, bytes.length);
      // the programs write over it
      memory.fill(0xff);
      return told;
    },
  };
}
