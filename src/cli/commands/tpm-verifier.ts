// SPDX-License-Identifier: Apache-2.0
// galgo tpm challenge | confirm: a verifier's side of getting to know an attestation key, by files.
import {
  isExpected,
  issueChallenge,
  readAuthorities,
  readPaper,
  writePaper,
} from "../../attest/tpm/index.ts";
import { quote } from "../../base/quote.ts";
import { nodeCcCrypto } from "../../quote/cc-crypto.ts";
import { nodeTpmCrypto } from "../../quote/tpm/index.ts";
import { EXIT_DIFFERENT, EXIT_OK } from "../exit-status.ts";
import { outJson, outLine, say } from "../render.ts";
import { readText, TpmFileError, write } from "../tpm-files.ts";

interface ChallengeOptions {
  readonly roots?: string;
  readonly anyMaker?: boolean;
  readonly expect: string;
  readonly output?: string;
}

export async function tpmChallenge(file: string, options: ChallengeOptions): Promise<void> {
  const { roots, anyMaker, expect, output } = options;
  if ((roots === undefined) === (anyMaker !== true))
    throw new TpmFileError(
      "BAD_OPTION",
      "say whose word counts that it is a TPM: --roots FILE, or --any-maker for nobody's",
    );
  const enrollment = readPaper("TpmEnrollment", readText(file), file);
  const trust =
    roots === undefined
      ? undefined
      : {
          authorities: readAuthorities(readText(roots), roots),
          crypto: nodeCcCrypto,
          now: Date.now(),
        };
  const { challenge, expectation, facts } = await issueChallenge(enrollment, trust, nodeTpmCrypto);
  write(expect, writePaper("TpmExpectation", expectation));
  write(output, writePaper("TpmChallenge", challenge));
  if (facts === undefined) say("nobody was asked whether these are keys of a TPM");
  else
    say(
      `a TPM of ${quote(facts.manufacturer ?? "?", 60)}, model ${quote(facts.model ?? "?", 60)}, says ${quote(facts.root, 80)}`,
    );
}

interface ConfirmOptions {
  readonly expect: string;
  readonly json?: boolean;
}

/** Exit status 0: the key is in the TPM of the enrollment; 1: that is not shown. */
export async function tpmConfirm(file: string, { expect, json }: ConfirmOptions): Promise<void> {
  const expectation = readPaper("TpmExpectation", readText(expect), expect);
  const answer = readPaper("TpmAnswer", readText(file), file);
  const confirmed = isExpected(expectation, answer, nodeTpmCrypto);
  process.exitCode = confirmed ? EXIT_OK : EXIT_DIFFERENT;
  if (json === true) outJson({ confirmed, attestationKey: expectation.ak });
  else if (confirmed) outLine(expectation.ak);
  if (!confirmed)
    say(`${quote(file)} is not the answer: nobody has shown that the key is in that TPM`);
}
