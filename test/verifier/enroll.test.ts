// SPDX-License-Identifier: Apache-2.0
// An attestation key becomes known to a verifier: a TPM (swtpm) with a certificate of a maker that is trusted opens the challenge.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { akNameOf, readPaper, type TpmEnrollment, writePaper } from "../../src/attest/tpm/index.ts";
import { answerChallenge, enrollmentOf, nodeTpmCrypto, Tpm } from "../../src/quote/tpm/index.ts";
import { startVerifier, type VerifierService } from "../../src/verifier/service/index.ts";
import { aSigner } from "../helpers/signing.ts";
import { noSwtpm, Swtpm } from "../helpers/swtpm.ts";
import { TpmMaker } from "../helpers/tpm-maker.ts";
import { policyText } from "../helpers/verifier-policy.ts";

describe("enrollment with galgo verifier serve", { skip: noSwtpm }, () => {
  const folder = mkdtempSync(join(tmpdir(), "galgo-enroll-"));
  const file = (name: string): string => join(folder, name);
  const [maker, stranger] = [new TpmMaker("ec"), new TpmMaker("ec")];
  let emulator: Swtpm;
  let tpm: Tpm;
  let service: VerifierService;
  /** What the TPM says of its keys, with a certificate of the maker that is trusted. */
  let paper: TpmEnrollment;

  const start = (): Promise<VerifierService> =>
    startVerifier({
      version: "0.0.0",
      policy: file("policy.json"),
      key: file("key.pem"),
      listen: `unix:${file("verifier.sock")}`,
      authorities: file("makers.pem"),
      enrolled: file("enrolled.json"),
      onResult: () => assert.fail("nobody sends evidence here"),
      onError: (error) => assert.fail(String(error)),
    });

  before(async () => {
    writeFileSync(file("policy.json"), policyText(`000b${"00".repeat(32)}`));
    writeFileSync(file("key.pem"), aSigner("Ed25519").privatePem, { mode: 0o600 });
    writeFileSync(file("makers.pem"), maker.authorities);
    emulator = await Swtpm.start();
    tpm = await Tpm.open(emulator.address);
    await tpm.startup();
    const keys = await enrollmentOf(tpm);
    paper = { ...keys, ekCertificate: maker.certify(keys.ekPublic) };
    service = await start();
  });
  after(async () => {
    await service?.close();
    await tpm?.close();
    await emulator?.stop();
    maker.remove();
    stranger.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  interface Answer {
    readonly status: number;
    readonly text: string;
  }

  /** Over the socket: fetch knows none. */
  async function post(path: string, body: string): Promise<Answer> {
    return await new Promise((resolve, reject) => {
      const headers = {
        "content-type": "application/json",
        "content-length": Buffer.byteLength(body),
      };
      const socketPath = file("verifier.sock");
      const asked = request(
        { socketPath, path, method: "POST", headers, agent: false },
        (response) => {
          const parts: Buffer[] = [];
          response.on("data", (part: Buffer) => parts.push(part));
          response.on("end", () =>
            resolve({ status: response.statusCode ?? 0, text: Buffer.concat(parts).toString() }),
          );
        },
      );
      asked.on("error", reject);
      asked.end(body);
    });
  }

  const begin = (given: TpmEnrollment): Promise<Answer> =>
    post("/v1/enrollments", writePaper("TpmEnrollment", given));
  const finish = (ak: string, answer: Uint8Array): Promise<Answer> =>
    post("/v1/enrollments/answer", writePaper("TpmAnswer", { ak, answer }));
  const refused = ({ status, text }: Answer, wanted: number, words: RegExp): void => {
    assert.equal(status, wanted, text);
    assert.match(text, words);
  };

  it("knows no key before its TPM has opened the challenge, and keeps it afterwards", async () => {
    const begun = await begin(paper);
    assert.equal(begun.status, 201, begun.text);
    const challenge = readPaper("TpmChallenge", begun.text, "the answer");
    const answer = await answerChallenge(tpm, challenge);
    const done = await finish(challenge.ak, answer);
    assert.equal(done.status, 201, done.text);
    assert.deepEqual(JSON.parse(done.text), { enrolled: akNameOf(paper, nodeTpmCrypto) });
    assert.match(readFileSync(file("enrolled.json"), "utf8"), new RegExp(challenge.ak));
    // an answer is good once
    refused(await finish(challenge.ak, answer), 403, /no challenge for the key/);
    await service.close();
    service = await start();
  });

  it("takes no other answer, and gives one try", async () => {
    const begun = await begin(paper);
    const challenge = readPaper("TpmChallenge", begun.text, "the answer");
    refused(await finish(challenge.ak, new Uint8Array(32)), 403, /is not the answer/);
    const late = await answerChallenge(tpm, challenge);
    refused(await finish(challenge.ak, late), 403, /no challenge for the key/);
  });

  it("believes no maker that it does not trust, and no key without a certificate", async () => {
    const { ekCertificate: _without, ...bare } = paper;
    refused(await begin(bare), 400, /brings no certificate/);
    const other = { ...paper, ekCertificate: stranger.certify(paper.ekPublic) };
    refused(await begin(other), 403, /NOT_BELIEVED/);
    refused(await post("/v1/enrollments", "{}"), 400, /BAD_REQUEST/);
  });
});
