// SPDX-License-Identifier: Apache-2.0
// The session that default endorsement keys ask for: it shows that one may use the endorsement hierarchy.
import { ALG, HANDLE, HASH_SIZES, TpmWriter } from "../../attest/tpm/index.ts";
import { EMPTY_PASSWORD } from "./command.ts";
import type { Tpm } from "./tpm.ts";

const NOTHING = new Uint8Array(0);
const POLICY_SESSION = 1;

/** Starts a policy session and meets PolicySecret of the endorsement hierarchy in it. The caller flushes it. */
export async function startEndorsementSession(tpm: Tpm): Promise<number> {
  const { handle } = await tpm.give({
    name: "StartAuthSession",
    handles: [HANDLE.null, HANDLE.null],
    parameters: new TpmWriter()
      .sized(new Uint8Array(HASH_SIZES.sha256))
      .sized(NOTHING)
      .u8(POLICY_SESSION)
      .u16(ALG.null)
      .u16(ALG.sha256)
      .bytes(),
    givesHandle: true,
  });
  try {
    await tpm.give({
      name: "PolicySecret",
      handles: [HANDLE.endorsement, handle],
      authorizations: [EMPTY_PASSWORD],
      parameters: new TpmWriter().sized(NOTHING).sized(NOTHING).sized(NOTHING).u32(0).bytes(),
    });
    return handle;
  } catch (error) {
    await tpm.flush(handle).catch(() => undefined);
    throw error;
  }
}
