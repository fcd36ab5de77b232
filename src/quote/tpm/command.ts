// SPDX-License-Identifier: Apache-2.0
// One command as bytes, and its response taken apart: TCG Library, part 1, Command/Response Structure.
import { setTimeout } from "node:timers/promises";
import { HANDLE, TpmReader, TpmWriter } from "../../attest/tpm/index.ts";
import { TpmError, TpmRefusal } from "./errors.ts";
import {
  FIRST_RETRY_WAIT_MS,
  MAX_MESSAGE_BYTES,
  MAX_RETRIES,
  MAX_RETRY_WAIT_MS,
} from "./limits.ts";
import type { Transport } from "./transport-type.ts";

const NO_SESSIONS = 0x8001;
const SESSIONS = 0x8002;
const SUCCESS = 0;
const HEAD_BYTES = 10;
const NOTHING = new Uint8Array(0);

/** TPM_CC, by the name after `TPM2_`. */
export const COMMANDS = {
  CreatePrimary: 0x131,
  Startup: 0x144,
  ActivateCredential: 0x147,
  NV_Read: 0x14e,
  PolicySecret: 0x151,
  Quote: 0x158,
  FlushContext: 0x165,
  MakeCredential: 0x168,
  NV_ReadPublic: 0x169,
  ReadPublic: 0x173,
  StartAuthSession: 0x176,
  GetCapability: 0x17a,
  GetRandom: 0x17b,
  PCR_Read: 0x17e,
  PCR_Extend: 0x182,
} as const;

export type CommandName = keyof typeof COMMANDS;

/** How a command is allowed: an empty password, or a session whose policy is met. */
export interface Authorization {
  readonly handle: number;
}

/** Galgo sets no passwords. */
export const EMPTY_PASSWORD: Authorization = { handle: HANDLE.password };

export interface Command {
  readonly name: CommandName;
  readonly handles?: readonly number[];
  /** One for each handle that needs it, in their order. */
  readonly authorizations?: readonly Authorization[];
  readonly parameters?: Uint8Array;
  /** Whether the response begins with a handle. */
  readonly givesHandle?: boolean;
}

export interface Response {
  /** 0 when the command gives none. */
  readonly handle: number;
  readonly parameters: TpmReader;
}

/** The bytes of a command. */
export function encodeCommand(command: Command): Uint8Array {
  const { name, handles = [], authorizations = [], parameters = NOTHING } = command;
  const body = new TpmWriter();
  for (const handle of handles) body.u32(handle);
  if (authorizations.length > 0) {
    const area = new TpmWriter();
    // No nonce, no attribute, no HMAC: neither a password nor a policy without authorization value has any.
    for (const { handle } of authorizations) area.u32(handle).sized(NOTHING).u8(0).sized(NOTHING);
    const bytes = area.bytes();
    body.u32(bytes.length).raw(bytes);
  }
  const rest = body.raw(parameters).bytes();
  const tag = authorizations.length > 0 ? SESSIONS : NO_SESSIONS;
  return new TpmWriter()
    .u16(tag)
    .u32(HEAD_BYTES + rest.length)
    .u32(COMMANDS[name])
    .raw(rest)
    .bytes();
}

/** Takes a response apart. Throws `TpmRefusal` when the TPM said no, `TpmFormatError` or `TpmError` when it is no response. */
export function decodeResponse(command: Command, bytes: Uint8Array): Response {
  const what = `the response to TPM2_${command.name}`;
  const reader = new TpmReader(bytes, what);
  const tag = reader.u16("tag");
  const size = reader.u32("size");
  const code = reader.u32("response code");
  if (size !== bytes.length)
    throw new TpmError("BAD_ANSWER", `${what} says to have ${size} bytes and has ${bytes.length}`);
  if (code !== SUCCESS) throw new TpmRefusal(`TPM2_${command.name}`, code);
  const withSessions = (command.authorizations ?? []).length > 0;
  if (tag !== (withSessions ? SESSIONS : NO_SESSIONS))
    throw new TpmError("BAD_ANSWER", `${what} has the tag 0x${tag.toString(16)}`);
  const handle = command.givesHandle === true ? reader.u32("handle") : 0;
  if (!withSessions) return { handle, parameters: reader };
  const parameters = new TpmReader(
    reader.raw(reader.u32("size of parameters"), "parameters"),
    what,
  );
  return { handle, parameters };
}

const AGAIN: ReadonlySet<string> = new Set(["TPM_RC_RETRY", "TPM_RC_YIELDED", "TPM_RC_TESTING"]);

/** Gives a command; again, after a wait that grows, while the TPM asks for that. */
export async function give(transport: Transport, command: Command): Promise<Response> {
  const bytes = encodeCommand(command);
  if (bytes.length > MAX_MESSAGE_BYTES)
    throw new TpmError(
      "BAD_ANSWER",
      `TPM2_${command.name} would have ${bytes.length} bytes, a TPM takes ${MAX_MESSAGE_BYTES}`,
    );
  let wait = FIRST_RETRY_WAIT_MS;
  for (let tries = 0; ; tries++) {
    try {
      return decodeResponse(command, await transport.transact(bytes));
    } catch (error) {
      if (!(error instanceof TpmRefusal && AGAIN.has(error.response)) || tries === MAX_RETRIES)
        throw error;
    }
    await setTimeout(wait);
    wait = Math.min(wait * 2, MAX_RETRY_WAIT_MS);
  }
}
