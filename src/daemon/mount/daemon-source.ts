// SPDX-License-Identifier: Apache-2.0
// The content of the pseudo-files, asked from a daemon; its refusals as the errno that a reader or writer gets.
import { ClientError } from "../client/index.ts";
import type { DaemonClient } from "../client/index.ts";
import { ERRNO, FileError } from "./errors.ts";
import type { NamespaceSource } from "./source.ts";

/** All namespaces of the daemon behind `client`. */
export function daemonSource(client: DaemonClient): NamespaceSource {
  return {
    list: () => asked(client.workloads()),
    status: (id) => asked(client.workload(id)),
    points: async (id) => (await asked(client.points(id))).points,
    records: (id, kind, from) => askedLines(client.lines(id, kind, { from })),
    follow: (id, kind, from, signal) =>
      askedLines(client.lines(id, kind, { from, follow: true, signal })),
    control: async (id, order, asker) => {
      await asked(client.control(id, order, asker));
    },
  };
}

async function asked<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw fileError(error);
  }
}

async function* askedLines(lines: AsyncIterable<string>): AsyncGenerator<string> {
  try {
    yield* lines;
  } catch (error) {
    throw fileError(error);
  }
}

function fileError(error: unknown): unknown {
  return error instanceof ClientError ? new FileError(errnoOf(error)) : error;
}

function errnoOf({ code, facts }: ClientError): number {
  switch (code) {
    case "NO_DAEMON":
    case "GONE":
      return ERRNO.noDaemon;
    case "NOT_ALLOWED":
      return ERRNO.denied;
    case "NOT_FOUND":
      return ERRNO.ended;
    case "REFUSED":
      return ERRNO_OF_REFUSAL[String(facts["code"])] ?? ERRNO.refused;
    default:
      return ERRNO.failed;
  }
}

/** By the code of the daemon's problem; any other (SEALED, TOO_LATE, ...) is a matter of the namespace's state. */
const ERRNO_OF_REFUSAL: Readonly<Record<string, number>> = {
  BAD_REQUEST: ERRNO.badCommand,
  BAD_VALUE: ERRNO.badCommand,
  ENDED: ERRNO.ended,
};
