// SPDX-License-Identifier: Apache-2.0
// galgo tpm unpack: the quote in a piece of evidence as the files that other programs check.
import { createHash, createPublicKey } from "node:crypto";
import { join } from "node:path";
import {
  openEatCwt,
  openEatJwt,
  type OpenedEvidence,
  platformBinding,
  type TpmEvidence,
} from "../../attest/evidence/index.ts";
import { jwkOf, parsePublic } from "../../attest/tpm/index.ts";
import { quote } from "../../base/quote.ts";
import { shellWord } from "../../base/shell-word.ts";
import { nodeTokenKeys, readTokenKey } from "../../quote/token-signer.ts";
import { outJson, outLine } from "../render.ts";
import { makeFolder, readBytes, TpmFileError, write } from "../tpm-files.ts";
import { toolsPcrFile } from "../tpm-pcrs.ts";

interface UnpackOptions {
  readonly key: string;
  readonly output: string;
  readonly json?: boolean;
}

/** With the values of the registers: nothing else says that they are those of the quote. */
const CHECK = "-u ak.pem -m quote.msg -s quote.sig -g sha256 -f pcrs.bin";

/** Only of evidence whose signature is right: who else says what the quote is about? */
export async function tpmUnpack(file: string, options: UnpackOptions): Promise<void> {
  const { key, output, json } = options;
  const { evidence, signature } = await opened(readBytes(file), key);
  const { platform, ...claims } = evidence;
  if (platform.kind !== "tpm" || platform.bank !== "sha256")
    throw new TpmFileError(
      "BAD_OPTION",
      `${quote(file)} has no quote of a TPM over PCRs of SHA-256`,
    );
  const binding = platformBinding(claims, signature.kid);
  const nonce = createHash("sha256").update(binding).digest("hex");
  writeParts(output, platform, binding);
  if (json === true) outJson({ folder: output, qualification: nonce, pcrs: platform.pcrs });
  else outLine(`cd -- ${shellWord(output)} && tpm2_checkquote ${CHECK} -q ${nonce}`);
}

function writeParts(folder: string, platform: TpmEvidence, binding: Uint8Array): void {
  const { akPublic, attest, signature, pcrs } = platform;
  const key = createPublicKey({ key: { ...jwkOf(parsePublic(akPublic).key) }, format: "jwk" });
  makeFolder(folder);
  const files = {
    "ak.pem": String(key.export({ format: "pem", type: "spki" })),
    "quote.msg": attest,
    "quote.sig": signature,
    "binding.cbor": binding,
    "pcrs.bin": toolsPcrFile(pcrs),
    "pcrs.txt": pcrs.map(({ index, value }) => `${index} ${value}\n`).join(""),
  };
  for (const [name, content] of Object.entries(files)) write(join(folder, name), content);
}

async function opened(bytes: Buffer, keyFile: string): Promise<OpenedEvidence> {
  const keys = nodeTokenKeys([readTokenKey(keyFile)]);
  const text = bytes.toString("latin1").trim();
  // a CWT is a CBOR array, and no such byte is in the text of a JWT
  if (/^[A-Za-z0-9_.-]+$/.test(text)) return await openEatJwt(text, keys);
  return await openEatCwt(Uint8Array.from(bytes), keys);
}
