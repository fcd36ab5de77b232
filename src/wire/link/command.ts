// SPDX-License-Identifier: Apache-2.0
// Commands in their envelopes: signed by the fleet, opened by hosts. What a host has carried out before it has to remember itself, by the id.
import type { PublicKey, Signer, Verifier } from "../../attest/keys/keys.ts";
import { parseStrictJsonBytes } from "../../attest/encoding/strict-json.ts";
import { type Envelope, readEnvelope, writeEnvelope } from "../../attest/signed/dsse.ts";
import { checkSignatures, signedBy } from "../../attest/signed/envelope-signatures.ts";
import { SignatureError } from "../../attest/signed/errors.ts";
import { quote } from "../../base/quote.ts";
import { CommandError } from "./command-error.ts";
import { parseCommandBody } from "./command-form.ts";
import { COMMAND_PAYLOAD_TYPE, type CommandBody, MAX_COMMAND_AHEAD_MS } from "./command-types.ts";
import { MAX_COMMAND_TEXT } from "./limits.ts";

/** What a host knows when a command comes. */
export interface Opening {
  /** Keys of the fleet that count for commands: the one of the enrolment, or the one that has replaced it. */
  readonly keys: readonly PublicKey[];
  readonly verifier: Verifier;
  /** Own id. */
  readonly host: string;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/**
 * The text of a signed command.
 * @throws CommandError BAD_COMMAND, TOO_LARGE; SignatureError from the signer
 */
export function signCommand(body: CommandBody, signer: Signer): string {
  const payload = new TextEncoder().encode(JSON.stringify(parseCommandBody(body)));
  const bare: Envelope = { payloadType: COMMAND_PAYLOAD_TYPE, payload, signatures: [] };
  const text = writeEnvelope(signedBy(bare, signer));
  refuseTooLarge(text);
  return text;
}

/**
 * The command in an envelope, when this host is to carry it out now. Nothing of it is read before its signature was checked.
 * @throws CommandError whatever speaks against it
 */
export function openCommand(text: string, { keys, verifier, host, now }: Opening): CommandBody {
  refuseTooLarge(text);
  const envelope = envelopeOf(text);
  refuseUnsigned(envelope, keys, verifier);
  const body = parseCommandBody(jsonOf(envelope));
  const { hosts } = body.target;
  if (hosts !== "all" && !hosts.includes(host)) {
    throw new CommandError("WRONG_HOST", `command ${body.id} is not for this host (${host})`);
  }
  refuseOutOfTime(body, now);
  if (body.kind === "key" && body.role !== "admin") {
    const problem = `command ${body.id}: ${quote(body.by)} is no admin, and only they change the key of commands`;
    throw new CommandError("NOT_ALLOWED", problem);
  }
  return body;
}

function refuseTooLarge({ length }: string): void {
  if (length <= MAX_COMMAND_TEXT) return;
  const problem = `a command has at most ${MAX_COMMAND_TEXT} characters, this has ${length}: name fewer hosts or workloads`;
  throw new CommandError("TOO_LARGE", problem);
}

function envelopeOf(text: string): Envelope {
  const envelope = asCommand(() => readEnvelope(text, "the command"));
  if (envelope.payloadType === COMMAND_PAYLOAD_TYPE) return envelope;
  const problem = `the envelope holds ${quote(envelope.payloadType, 80)} and no command`;
  throw new CommandError("BAD_COMMAND", problem);
}

function jsonOf({ payload }: Envelope): unknown {
  return asCommand(() => parseStrictJsonBytes(payload, "the command"));
}

function asCommand<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof SignatureError)) throw cause;
    const code = cause.code === "TOO_LARGE" ? "TOO_LARGE" : "BAD_COMMAND";
    throw new CommandError(code, cause.message, { cause });
  }
}

/** One bad signature refuses the whole, whatever the others say. */
function refuseUnsigned(envelope: Envelope, keys: readonly PublicKey[], verifier: Verifier): void {
  const findings = checkSignatures(
    envelope,
    keys.map((key) => ({ key })),
    verifier,
  );
  if (findings.some(({ found }) => found === "bad")) {
    const problem = "the signature of the command is not that of the fleet: forged, or changed";
    throw new CommandError("BAD_SIGNATURE", problem);
  }
  if (findings.some(({ found }) => found === "good")) return;
  throw new CommandError("UNKNOWN_KEY", "the command is signed by no key of the fleet");
}

function refuseOutOfTime({ id, issued, expires }: CommandBody, now: number): void {
  if (now >= expires) {
    const at = new Date(expires).toISOString();
    throw new CommandError("EXPIRED", `command ${id} has expired at ${at}`);
  }
  if (now >= issued - MAX_COMMAND_AHEAD_MS) return;
  const ahead = Math.round((issued - now) / 1_000);
  const problem = `command ${id} was issued ${ahead} s from now: the clock of this host is behind that of the fleet`;
  throw new CommandError("NOT_YET", problem);
}
