// SPDX-License-Identifier: Apache-2.0
// galgo attest: evidence of a workload that runs, from the daemon that has it, or from the run itself.
import { quote } from "../../base/quote.ts";
import { ClientError, type DaemonClient, findDaemon } from "../../daemon/client/index.ts";
import {
  AttestError,
  askRun,
  attestAnswerOf,
  readNonce,
  writeEvidence,
} from "../../orchestrator/attest/index.ts";
import type { AttestAnswer, AttestOrder } from "../../orchestrator/attest/index.ts";
import { RunningRuns, stateRoot } from "../../orchestrator/inspect/index.ts";
import { outJson, outLine, say } from "../render.ts";

interface AttestOptions {
  readonly nonce: string;
  readonly cwt?: boolean;
  readonly output?: string;
  readonly json?: boolean;
}

/** Somebody who can be asked. */
interface Source {
  readonly id: string;
  ask(order: AttestOrder): Promise<AttestAnswer>;
}

export async function attest(name: string, options: AttestOptions): Promise<void> {
  const nonce = readNonce(options.nonce);
  const form = options.cwt === true ? "cwt" : "jwt";
  const { id, ask } = await sourceOf(name);
  const { evidence } = await ask({ nonce, form });
  const { output } = options;
  if (output !== undefined) writeEvidence(output, { form, evidence });
  if (options.json === true)
    outJson({ id, form, nonce, ...(output === undefined ? { evidence } : { output }) });
  else if (output === undefined) outLine(evidence);
  else say(`evidence of run ${id} is in ${quote(output)}`);
}

/** The only workload of this name or id, the daemon's or one that runs alone. @throws ClientError, AttestError NO_ANSWER */
async function sourceOf(name: string): Promise<Source> {
  const uid = process.getuid?.() ?? -1;
  const { listed, problem } = await daemonSources(uid);
  const known = new Set(listed.map(({ id }) => id));
  const alone = new RunningRuns(stateRoot(process.env, uid)).list(known);
  const all = [
    ...listed,
    ...alone.map(({ directory }) => ({
      id: directory.runId,
      name: directory.name,
      ask: (order: AttestOrder) => askRun(directory.path, order),
    })),
  ];
  const exact = all.find(({ id }) => id === name);
  const [found, ...others] =
    exact === undefined ? all.filter((each) => each.name === name) : [exact];
  if (found !== undefined && others.length === 0) return found;
  if (found === undefined) {
    if (problem !== undefined) throw problem;
    throw new AttestError("NO_ANSWER", `no workload ${quote(name)} runs; galgo ps lists them`);
  }
  throw new AttestError(
    "NO_ANSWER",
    `several workloads are named ${quote(name)}: say which by its id (galgo ps)`,
  );
}

interface DaemonSources {
  readonly listed: readonly (Source & { readonly name: string })[];
  /** Why the daemon could not be asked, when there is one. */
  readonly problem: ClientError | undefined;
}

async function daemonSources(uid: number): Promise<DaemonSources> {
  let daemon: DaemonClient;
  try {
    daemon = await findDaemon(process.env, uid);
    const listed = await daemon.workloads();
    return {
      listed: listed.map(({ id, name }) => ({
        id,
        name,
        ask: async (order) => attestAnswerOf(await daemon.evidence(id, order), order),
      })),
      problem: undefined,
    };
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    return { listed: [], problem: error.code === "NO_DAEMON" ? undefined : error };
  }
}
