// SPDX-License-Identifier: Apache-2.0
// What is made here is read by apt tpm2-tools, and the other way round.
import assert from "node:assert/strict";
import { createPublicKey } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import {
  challengeFor,
  checkQuote,
  jwkOf,
  nameOf,
  parsePublic,
} from "../../src/attest/tpm/index.ts";
import { bytesToHex } from "../../src/base/hex.ts";
import {
  nodeTpmCrypto as crypto,
  readEndorsementCertificate,
  Tpm,
} from "../../src/quote/tpm/index.ts";
import type { KeyFamily } from "../../src/quote/tpm/index.ts";
import { noTpmTools, Swtpm } from "../helpers/swtpm.ts";

const QUOTED = [0, 1, 2, 3, 4, 5, 6, 7, 11];
const LIST = `sha256:${QUOTED.join(",")}`;
const NONCE = Uint8Array.from({ length: 32 }, (_, i) => i * 3);
/** Before the credential in the file of the tools: magic and version. */
const CREDENTIAL_HEAD = Uint8Array.of(0xba, 0xdc, 0xc0, 0xde, 0, 0, 0, 1);
const FAMILIES: readonly KeyFamily[] = ["ecc", "rsa"];

describe("TPM tools", { skip: noTpmTools }, () => {
  let emulator: Swtpm;
  before(async () => {
    emulator = await Swtpm.start();
  });
  after(async () => {
    await emulator?.stop();
  });
  beforeEach(() => {
    emulator.tool("tpm2_flushcontext", "-t");
  });
  const file = (name: string): string => join(emulator.folder, name);
  const read = (name: string): Uint8Array => new Uint8Array(readFileSync(file(name)));
  /** The inside of a TPM2B that a tool wrote. */
  const inside = (name: string): Uint8Array => read(name).slice(2);
  async function withTpm<T>(use: (tpm: Tpm) => Promise<T>): Promise<T> {
    const tpm = await Tpm.open(emulator.address);
    try {
      return await use(tpm);
    } finally {
      await tpm.close();
    }
  }

  for (const family of FAMILIES)
    it(`believe a quote of ours with an ${family} key`, async () => {
      const { key, quoted } = await withTpm(async (tpm) => {
        await tpm.extendPcr(11, NONCE);
        const key = await tpm.createAttestationKey(family);
        const quoted = await tpm.quote(key.handle, NONCE, { hash: "sha256", pcrs: QUOTED });
        await tpm.flush(key.handle);
        return { key, quoted };
      });
      const { key: numbers } = parsePublic(key.public);
      const pem = createPublicKey({ key: { ...jwkOf(numbers) }, format: "jwk" });
      writeFileSync(file("ak.pem"), pem.export({ format: "pem", type: "spki" }));
      writeFileSync(file("quote.msg"), quoted.attest);
      writeFileSync(file("quote.sig"), quoted.signature);
      emulator.tool("tpm2_pcrread", LIST, "-o", "pcrs.bin");
      const check = ["-u", "ak.pem", "-m", "quote.msg", "-s", "quote.sig", "-g", "sha256"];
      const nonce = bytesToHex(NONCE);
      emulator.tool("tpm2_checkquote", ...check, "-q", nonce);
      const other = emulator.tryTool("tpm2_checkquote", ...check, "-q", `${nonce.slice(2)}00`);
      assert.notEqual(other.status, 0);
    });

  it("make quotes that are believed here", async () => {
    emulator.tool("tpm2_createek", "-c", "ek.ctx", "-G", "rsa", "-u", "ek.pub");
    emulator.tool("tpm2_flushcontext", "-t");
    emulator.tool(
      "tpm2_createak",
      "-C",
      "ek.ctx",
      "-c",
      "ak.ctx",
      "-G",
      "ecc",
      "-g",
      "sha256",
      "-s",
      "ecdsa",
      "-u",
      "ak.pub",
      "-n",
      "ak.name",
    );
    emulator.tool("tpm2_flushcontext", "-t");
    emulator.tool(
      "tpm2_quote",
      "-c",
      "ak.ctx",
      "-l",
      LIST,
      "-q",
      bytesToHex(NONCE),
      "-m",
      "theirs.msg",
      "-s",
      "theirs.sig",
      "-g",
      "sha256",
    );
    const pcrs = await withTpm((tpm) => tpm.readPcrs({ hash: "sha256", pcrs: QUOTED }));
    const akPublic = inside("ak.pub");
    const { refusals } = await checkQuote(
      { attest: read("theirs.msg"), signature: read("theirs.sig"), akPublic, nonce: NONCE, pcrs },
      crypto,
    );
    assert.deepEqual(refusals, []);
    assert.deepEqual(nameOf(parsePublic(akPublic), crypto), read("ak.name"));
  });

  for (const family of FAMILIES)
    it(`find the same ${family} endorsement key, and open a credential of ours`, async () => {
      emulator.tool("tpm2_createek", "-c", "ek.ctx", "-G", family, "-u", "ek.pub");
      emulator.tool("tpm2_flushcontext", "-t");
      const ours = await withTpm(async (tpm) => {
        const key = await tpm.createEndorsementKey(family);
        await tpm.flush(key.handle);
        return key;
      });
      assert.deepEqual(ours.public, inside("ek.pub"));
      emulator.tool(
        "tpm2_createak",
        "-C",
        "ek.ctx",
        "-c",
        "ak.ctx",
        "-G",
        "rsa",
        "-g",
        "sha256",
        "-s",
        "rsassa",
        "-u",
        "ak.pub",
      );
      emulator.tool("tpm2_flushcontext", "-t");
      const challenge = challengeFor(
        parsePublic(ours.public),
        parsePublic(inside("ak.pub")),
        crypto,
      );
      const sized = (bytes: Uint8Array): readonly number[] => [
        bytes.length >> 8,
        bytes.length & 255,
        ...bytes,
      ];
      writeFileSync(
        file("credential"),
        Uint8Array.from([...CREDENTIAL_HEAD, ...sized(challenge.blob), ...sized(challenge.secret)]),
      );
      emulator.tool("tpm2_startauthsession", "--policy-session", "-S", "session.ctx");
      emulator.tool("tpm2_policysecret", "-S", "session.ctx", "-c", "e");
      emulator.tool(
        "tpm2_activatecredential",
        "-c",
        "ak.ctx",
        "-C",
        "ek.ctx",
        "-i",
        "credential",
        "-o",
        "answer",
        "-P",
        "session:session.ctx",
      );
      assert.deepEqual(read("answer"), challenge.answer);
    });

  it("write a certificate of an endorsement key, which is found here without what fills its place", async () => {
    const certificate = Uint8Array.from({ length: 1304 }, (_, i) => i & 255);
    certificate.set([0x30, 0x82, 0x05, 0x14]);
    writeFileSync(
      file("certificate"),
      Uint8Array.of(...certificate, ...new Uint8Array(96).fill(255)),
    );
    const attributes = "ownerwrite|ownerread|authread|authwrite|ppread";
    emulator.tool("tpm2_nvdefine", "0x01c00002", "-C", "o", "-s", "1400", "-a", attributes);
    emulator.tool("tpm2_nvwrite", "0x01c00002", "-C", "o", "-i", "certificate");
    await withTpm(async (tpm) => {
      assert.deepEqual(await readEndorsementCertificate(tpm, "rsa"), certificate);
      assert.equal(await readEndorsementCertificate(tpm, "ecc"), undefined);
    });
    emulator.tool("tpm2_nvdefine", "0x01c0000a", "-C", "o", "-s", "8", "-a", attributes);
    writeFileSync(file("certificate"), new Uint8Array(8));
    emulator.tool("tpm2_nvwrite", "0x01c0000a", "-C", "o", "-i", "certificate");
    await assert.rejects(
      withTpm((tpm) => readEndorsementCertificate(tpm, "ecc")),
      /0x1c0000a holds no certificate/,
    );
  });
});
