// SPDX-License-Identifier: Apache-2.0
// What a container runtime says of the process that it hands over (OCI runtime specification, "ContainerProcessState"; the state of a
// hook is its member `state`).
import * as z from "zod/mini";
import { quote } from "../../base/quote.ts";
import { ContainerError } from "./errors.ts";

/** A container as its runtime knows it. */
export interface ContainerState {
  readonly id: string;
  readonly bundle: string;
  /** First process of the container; absent before there is one. */
  readonly pid: number | undefined;
  readonly annotations: Readonly<Record<string, string>>;
}

/** A process that was handed over. */
export interface HandedOver {
  readonly container: ContainerState;
  /** The process that is held, as this machine counts. */
  readonly pid: number;
  /** It came into a container that runs already (exec). */
  readonly joins: boolean;
  /** `listenerMetadata` of the profile. */
  readonly metadata: string;
  /** Place of the listener among the descriptors of the message. */
  readonly listener: number;
}

const LISTENER = "seccompFd";

function stateSchema() {
  return z.object({
    id: z.string().check(z.minLength(1), z.maxLength(1024)),
    bundle: z.string(),
    pid: z.optional(z.int().check(z.gte(0))),
    annotations: z.optional(z.record(z.string(), z.string())),
  });
}

function handedOverSchema() {
  return z.object({
    fds: z.array(z.string()),
    pid: z.int().check(z.gte(1)),
    metadata: z.optional(z.string()),
    state: stateSchema(),
  });
}

/** @throws ContainerError BAD_STATE */
export function parseHandedOver(text: string): HandedOver {
  const { fds, pid, metadata = "", state } = parsed(text, handedOverSchema());
  const listener = fds.indexOf(LISTENER);
  if (listener < 0) {
    throw new ContainerError("BAD_STATE", `the runtime names no ${LISTENER} among its descriptors`);
  }
  const container = containerOf(state);
  const joins = container.pid !== undefined && container.pid !== pid;
  return { container, pid, joins, metadata, listener };
}

/** The state that a hook gets. @throws ContainerError BAD_STATE */
export function parseHookState(text: string): ContainerState {
  return containerOf(parsed(text, stateSchema()));
}

type State = z.infer<ReturnType<typeof stateSchema>>;

function containerOf({ id, bundle, pid, annotations = {} }: State): ContainerState {
  return { id, bundle, pid: pid === 0 ? undefined : pid, annotations };
}

function parsed<T>(text: string, schema: z.ZodMiniType<T>): T {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new ContainerError("BAD_STATE", "what the runtime says of the container is no JSON", {
      cause,
    });
  }
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const where = issue === undefined ? "" : quote(issue.path.map(String).join("."));
  throw new ContainerError(
    "BAD_STATE",
    `what the runtime says of the container is not understood: ${where}: ${issue?.message ?? ""}`,
  );
}
