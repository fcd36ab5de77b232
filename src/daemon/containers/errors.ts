// SPDX-License-Identifier: Apache-2.0
// Why a container is refused. Each message is one line and names what is wrong.
import { CodedError } from "../../base/errors.ts";

export class ContainerError extends CodedError<
  /** What the runtime said can not be understood, or is not its to say. */
  | "BAD_STATE"
  /** An annotation or the profile's metadata. */
  | "BAD_ORDER"
  /** Nothing says what is to be done with it. */
  | "NO_ORDER"
  /** The model is not there, not usable, or not the one that was named. */
  | "BAD_MODEL"
  /** A process of a container that this daemon does not serve. */
  | "NOT_SERVED"
> {}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
