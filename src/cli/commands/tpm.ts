// SPDX-License-Identifier: Apache-2.0
// galgo tpm show | enroll | answer: what the TPM of this machine has to say.
import { createPublicKey } from "node:crypto";
import {
  akNameOf,
  aggregateOf,
  AGGREGATE_PCRS,
  COEFFICIENT_PCR,
  jwkOf,
  parsePublic,
  pcrsOf,
  readPaper,
  writePaper,
} from "../../attest/tpm/index.ts";
import { bytesToHex } from "../../base/hex.ts";
import { quote } from "../../base/quote.ts";
import {
  answerChallenge,
  enrollmentOf,
  type KeyFamily,
  nodeTpmCrypto,
  Tpm,
  tpmFacts,
} from "../../quote/tpm/index.ts";
import { out, outJson, outLine, say, table } from "../render.ts";
import { readBytes, readText, write } from "../tpm-files.ts";

interface Address {
  readonly tpm: string;
}

interface ShowOptions extends Address {
  readonly pem?: boolean;
  readonly json?: boolean;
}

const SHOWN = { hash: "sha256", pcrs: [...AGGREGATE_PCRS, COEFFICIENT_PCR] } as const;

export async function tpmShow({ tpm: address, pem, json }: ShowOptions): Promise<void> {
  const shown = await withTpm(address, async (tpm) => {
    const facts = await tpmFacts(tpm);
    const bank = await tpm.readPcrs(SHOWN);
    const { akPublic, ekCertificate } = await enrollmentOf(tpm);
    return { facts, bank, akPublic, certificate: ekCertificate };
  });
  const { facts, bank, akPublic, certificate } = shown;
  const key = createPublicKey({ key: { ...jwkOf(parsePublic(akPublic).key) }, format: "jwk" });
  if (pem === true) {
    out(String(key.export({ format: "pem", type: "spki" })));
    return;
  }
  const said = {
    address,
    ...facts,
    attestationKey: akNameOf({ akPublic }, nodeTpmCrypto),
    certificate: certificate !== undefined,
    aggregate: bytesToHex(aggregateOf(bank, "sha256", nodeTpmCrypto)),
    pcrs: pcrsOf(bank).map((index) => ({
      index,
      value: bytesToHex(bank.values.get(index) ?? new Uint8Array(0)),
    })),
  };
  if (json === true) outJson(said);
  else print(said);
}

function print(said: {
  readonly address: string;
  readonly manufacturer: string;
  readonly model: string;
  readonly firmware: string;
  readonly attestationKey: string;
  readonly certificate: boolean;
  readonly aggregate: string;
  readonly pcrs: readonly { readonly index: number; readonly value: string }[];
}): void {
  const { manufacturer, model, firmware, certificate } = said;
  outLine(
    table([
      [
        "TPM",
        `${quote(manufacturer)} ${quote(model)}, firmware ${firmware}, at ${quote(said.address)}`,
      ],
      ["attestation key", said.attestationKey],
      ["maker's certificate", certificate ? "yes" : "none in the TPM"],
      ["aggregate", `${said.aggregate} (SHA-256 of PCR 0 to 7)`],
      ...said.pcrs.map(({ index, value }) => [`PCR ${index}`, value]),
    ]),
  );
}

interface EnrollOptions extends Address {
  readonly output?: string;
  readonly certificate?: string;
  readonly family?: KeyFamily;
}

export async function tpmEnroll(options: EnrollOptions): Promise<void> {
  const { tpm: address, output, certificate, family } = options;
  const given = {
    ...(family === undefined ? {} : { family }),
    ...(certificate === undefined ? {} : { certificate: certificateIn(certificate) }),
  };
  const enrollment = await withTpm(address, (tpm) => enrollmentOf(tpm, given));
  write(output, writePaper("TpmEnrollment", enrollment));
  say(`the attestation key is ${akNameOf(enrollment, nodeTpmCrypto)}`);
  if (enrollment.ekCertificate === undefined)
    say("the TPM holds no certificate of its maker: a verifier has nobody's word that it is one");
}

interface AnswerOptions extends Address {
  readonly output?: string;
}

export async function tpmAnswer(
  file: string,
  { tpm: address, output }: AnswerOptions,
): Promise<void> {
  const challenge = readPaper("TpmChallenge", readText(file), file);
  const answer = await withTpm(address, (tpm) => answerChallenge(tpm, challenge));
  write(output, writePaper("TpmAnswer", { ak: challenge.ak, answer }));
}

/** DER, or PEM of it. */
function certificateIn(file: string): Uint8Array {
  const bytes = readBytes(file);
  const pem = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END/.exec(
    bytes.toString("latin1"),
  );
  return Uint8Array.from(pem === null ? bytes : Buffer.from(pem[1] ?? "", "base64"));
}

async function withTpm<T>(address: string, use: (tpm: Tpm) => Promise<T>): Promise<T> {
  const tpm = await Tpm.open(address);
  try {
    return await use(tpm);
  } finally {
    await tpm.close();
  }
}
