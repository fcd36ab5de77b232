// SPDX-License-Identifier: Apache-2.0
// Signing with a key that is in no file: by a program of the user's, and by one that asks a TPM.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { stringifyWorkloadModel } from "../../src/model/index.ts";
import { signModelFile } from "../../src/orchestrator/models/sign-model.ts";
import { verifyModel } from "../../src/orchestrator/models/verify-model.ts";
import { aModel } from "../helpers/models.ts";
import { aSigner } from "../helpers/signing.ts";
import { noTpmTools, Swtpm } from "../helpers/swtpm.ts";

const folder = mkdtempSync(join(tmpdir(), "galgo-signer-"));
after(() => rmSync(folder, { recursive: true }));
const at = (name: string): string => join(folder, name);

function put(name: string, text: string, mode = 0o600): string {
  writeFileSync(at(name), text, { mode });
  return at(name);
}

const model = put("demo.galgo.json", stringifyWorkloadModel(aModel()));

/** @returns the signed file */
function sign(signer: string, keyFile: string): string {
  const output = at("out.json");
  rmSync(output, { force: true });
  const request = { file: model, output, keyFile, signer, form: "dsse" } as const;
  signModelFile({ ...request, images: [], programs: [] });
  return output;
}

function isVerified(file: string, key: string): boolean {
  return verifyModel({ file, bytes: readFileSync(file), trust: { keys: [key] } }).verified;
}

/** A program that writes what the expression makes of `data`, with `key` and node:crypto as `crypto`. */
function program(name: string, pem: string, expression: string): string {
  const lines = [
    `#!${process.execPath}`,
    'const crypto = require("node:crypto"), fs = require("node:fs");',
    "const data = fs.readFileSync(0);",
    `const key = crypto.createPrivateKey(${JSON.stringify(pem)});`,
    `fs.writeSync(1, ${expression});`,
  ];
  return put(name, lines.join("\n"), 0o700);
}

const ed = aSigner();
const p256 = aSigner("ES256");
const edKey = put("ed.pub.pem", ed.publicPem);
const p256Key = put("p256.pub.pem", p256.publicPem);

describe("a signer that is a program", () => {
  it("signs with both kinds of keys", () => {
    const one = program("ed", ed.privatePem, "crypto.sign(null, data, key)");
    assert.ok(isVerified(sign(one, edKey), edKey));
    const other = program("p256", p256.privatePem, 'crypto.sign("sha256", data, key)');
    assert.ok(isVerified(sign(other, p256Key), p256Key));
  });

  it("is believed nothing: what is no signature of the key is refused, and nothing is written", () => {
    const rows: readonly (readonly [RegExp, string, string, string])[] = [
      [/no signature of the key/, ed.privatePem, "crypto.sign(null, Buffer.of(1), key)", edKey],
      [/no signature of the key/, aSigner().privatePem, "crypto.sign(null, data, key)", edKey],
      [/no signature of the key/, ed.privatePem, '"no"', edKey],
      [/no ECDSA signature in DER/, p256.privatePem, "Buffer.alloc(64)", p256Key],
      [/more than 1024 bytes/, ed.privatePem, "Buffer.alloc(5000)", edKey],
      [/failed \(status 3\)/, ed.privatePem, "process.exit(3)", edKey],
    ];
    for (const [words, pem, expression, key] of rows) {
      assert.throws(() => sign(program("bad", pem, expression), key), words);
      assert.throws(() => readFileSync(at("out.json")), { code: "ENOENT" });
    }
    assert.throws(() => sign(at("none"), edKey), /can not be started \(ENOENT\)/);
  });
});

describe("a signer in a TPM", { skip: noTpmTools }, () => {
  it("signs with a key that never leaves it", async (t) => {
    const tpm = await Swtpm.start();
    t.after(() => tpm.stop());
    tpm.tool("tpm2_createprimary", "-Q", "-C", "o", "-G", "ecc", "-c", "primary.ctx");
    tpm.tool("tpm2_flushcontext", "-t");
    const kind = ["-G", "ecc256:ecdsa-sha256", "-u", "key.pub", "-r", "key.priv"];
    tpm.tool("tpm2_create", "-Q", "-C", "primary.ctx", ...kind);
    tpm.tool("tpm2_flushcontext", "-t");
    const halves = ["-u", "key.pub", "-r", "key.priv", "-c", "key.ctx"];
    tpm.tool("tpm2_load", "-Q", "-C", "primary.ctx", ...halves);
    tpm.tool("tpm2_flushcontext", "-t");
    tpm.tool("tpm2_readpublic", "-Q", "-c", "key.ctx", "-f", "pem", "-o", "key.pem");
    tpm.tool("tpm2_flushcontext", "-t");
    const lines = [
      "#!/bin/sh",
      `cd '${tpm.folder}' || exit 1`,
      `TPM2TOOLS_TCTI=$(cat ${put("tcti", tpm.tcti)}); export TPM2TOOLS_TCTI`,
      "cat > data && tpm2_sign -Q -c key.ctx -g sha256 -f plain -o sig data && cat sig",
    ];
    const key = join(tpm.folder, "key.pem");
    assert.ok(isVerified(sign(put("tpm", lines.join("\n"), 0o700), key), key));
  });
});
