// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { aModel, coefficient } from "../../../test/helpers/models.ts";
import { aSigner, flipped } from "../../../test/helpers/signing.ts";
import { POLICY_API_VERSION, POLICY_KIND } from "../../attest/policy/trust-file.ts";
import { bytesOfBase64, base64OfBytes } from "../../attest/encoding/strict-base64.ts";
import { stringifyWorkloadModel } from "../../model/index.ts";
import type { WorkloadModel } from "../../model/index.ts";
import { ModelUseError, UntrustedModelError } from "../errors.ts";
import { recordsFileOf } from "./learn-files.ts";
import { sealModelFile } from "./model-files.ts";
import { loadModel, useModelFile } from "./model-use.ts";
import { loadAnyModel } from "./model-text-file.ts";
import { digestsOfProgram } from "./run-subject.ts";
import { signModelFile, type SignRequest } from "./sign-model.ts";
import { readRequirement } from "./signature-requirement.ts";
import { requireWritable, writeModel } from "./write-model.ts";

const folder = mkdtempSync(join(tmpdir(), "galgo-signed-"));
after(() => rmSync(folder, { recursive: true }));
const at = (name: string): string => join(folder, name);
const put = (name: string, text: string): string => {
  writeFileSync(at(name), text, { mode: 0o600 });
  return at(name);
};

const alice = aSigner();
const bob = aSigner("ES256");
const keys = {
  alice: put("alice.pem", alice.privatePem),
  alicePublic: put("alice.pub.pem", alice.publicPem),
  bob: put("bob.pem", bob.privatePem),
  bobPublic: put("bob.pub.pem", bob.publicPem),
};
const model = aModel();
const plain = put("demo.galgo.json", stringifyWorkloadModel(model));

function sign(changes: Partial<SignRequest> = {}): string {
  const output = changes.output ?? at("demo.galgo.dsse.json");
  const request = { file: plain, output, keyFile: keys.alice, form: "dsse" } as const;
  signModelFile({ ...request, images: [], programs: [], ...changes });
  return output;
}

const byAlice = readRequirement({ keys: [keys.alicePublic] });

function refusal(file: string, trust: Parameters<typeof useModelFile>[1]): readonly string[] {
  try {
    useModelFile(file, trust);
  } catch (error) {
    if (error instanceof UntrustedModelError) return error.refusals.map(({ code }) => code);
    if (error instanceof ModelUseError) return [String(error.facts["code"] ?? error.code)];
    throw error;
  }
  return [];
}

describe("a model that has to be signed", () => {
  it("is used when the key signed it, in both forms, and says who signed it", () => {
    for (const form of ["dsse", "sigstore"] as const) {
      const file = sign({ form, output: at(`used.${form}.json`) });
      const used = useModelFile(file, { requirement: byAlice });
      assert.deepEqual(used.model, model);
      assert.equal(used.signature?.form, form);
      assert.deepEqual(used.signature?.signedBy, [{ name: alice.key.id, key: alice.key.id }]);
    }
  });

  it("is refused unsigned, by others, changed or cut: each with its reason", () => {
    const file = sign();
    const text = readFileSync(file, "utf8");
    const changed = (name: string, change: (payload: Uint8Array) => Uint8Array): string => {
      const json = JSON.parse(text) as { payload: string };
      const payload = base64OfBytes(change(bytesOfBase64(json.payload)));
      return put(name, JSON.stringify({ ...json, payload }));
    };
    const payloadType = put("type.json", text.replace("in-toto+json", "in-toto+jsom"));
    const grown = changed("grown.json", (payload) => {
      const statement = JSON.parse(new TextDecoder().decode(payload)) as {
        predicate: WorkloadModel;
      };
      const more = aModel({ points: [1, 2, 3, 4].map(coefficient) });
      return new TextEncoder().encode(JSON.stringify({ ...statement, predicate: more }));
    });
    const cases: readonly (readonly [string, readonly string[]])[] = [
      [plain, ["UNSIGNED"]],
      [sign({ keyFile: keys.bob, output: at("bob.json") }), ["UNKNOWN_KEY"]],
      [grown, ["BAD_SIGNATURE"]],
      [changed("bit.json", (payload) => flipped(payload, 12_345)), ["BAD_SIGNATURE"]],
      [payloadType, ["BAD_SIGNATURE"]],
      [put("cut.json", text.slice(0, -20)), ["BAD_JSON"]],
      [put("double.json", text.replace("{", '{"payloadType":"x",')), ["BAD_JSON"]],
    ];
    for (const [name, codes] of cases) {
      assert.deepEqual(refusal(name, { requirement: byAlice }), codes, name);
    }
  });

  it("needs no key where nobody asks, and then says that nobody has signed it for us", () => {
    const used = useModelFile(sign());
    assert.deepEqual(used.model, model);
    assert.deepEqual(used.signature?.signedBy, []);
    assert.equal(useModelFile(plain).signature, undefined);
    assert.deepEqual(loadModel(sign()), model);
  });

  it("is for a program or an image, and only where the policy wants it that is looked up", () => {
    const policy = put(
      "policy.json",
      JSON.stringify({
        apiVersion: POLICY_API_VERSION,
        kind: POLICY_KIND,
        keys: [{ name: "release", publicKey: alice.publicPem }],
        rules: [{ models: ["demo"], keys: ["release"], subject: "required" }],
      }),
    );
    const requirement = readRequirement({ policy });
    const image = "c".repeat(64);
    const file = sign({ images: [`shop@sha256:${image}`], programs: [process.execPath] });
    for (const digests of [{ sha256: image }, digestsOfProgram(process.execPath)]) {
      assert.deepEqual(refusal(file, { requirement, runs: () => digests }), []);
    }
    const other = { sha256: "d".repeat(64) };
    assert.deepEqual(refusal(file, { requirement, runs: () => other }), ["WRONG_SUBJECT"]);
    assert.deepEqual(refusal(file, { requirement, runs: () => undefined }), ["NO_SUBJECT"]);
    assert.deepEqual(refusal(file, { requirement: byAlice, subject: other }), ["WRONG_SUBJECT"]);
    const runs = () => assert.fail("nobody wants to know it");
    assert.deepEqual(refusal(file, { requirement: byAlice, runs }), []);
  });
});

describe("signing", () => {
  it("adds a signature to a signed model and leaves what was signed as it was", () => {
    const first = sign();
    const both = sign({ file: first, keyFile: keys.bob, output: at("both.json") });
    const payload = (file: string): unknown => JSON.parse(readFileSync(file, "utf8")).payload;
    assert.equal(payload(both), payload(first));
    for (const key of [keys.alicePublic, keys.bobPublic]) {
      assert.deepEqual(refusal(both, { requirement: readRequirement({ keys: [key] }) }), []);
    }
    assert.throws(() => sign({ file: first, images: [`sha256:${"a".repeat(64)}`] }), /is signed/);
    const bundle = { file: first, keyFile: keys.bob, form: "sigstore", output: at("x") } as const;
    assert.throws(() => sign(bundle), /exactly one signature/);
  });

  it("signs nothing but a model, for nothing but a digest", () => {
    assert.throws(() => sign({ file: put("no.json", "{}") }), ModelUseError);
    assert.throws(() => sign({ images: ["shop:latest"] }), /a tag may name another image/);
    assert.throws(() => sign({ programs: ["/dev/zero"] }), /--program \/dev\/zero is no file/);
    assert.throws(() => sign({ keyFile: keys.alicePublic }), /not the PEM text of a private key/);
  });

  it("says when the key lies open and when the model is not sealed", () => {
    const open = at("open.pem");
    writeFileSync(open, alice.privatePem, { mode: 0o644 });
    const draft = put("draft.galgo.json", stringifyWorkloadModel(aModel({ sealed: false })));
    const request = { file: draft, output: at("d.json"), keyFile: open, form: "dsse" } as const;
    const { notices } = signModelFile({ ...request, images: [], programs: [] });
    assert.match(notices.join("\n"), /chmod 600[\s\S]*not sealed/);
  });
});

describe("a signed model file", () => {
  it("has the records of the plain one", () => {
    for (const form of ["dsse", "sigstore"]) {
      assert.equal(recordsFileOf(`/x/a.galgo.${form}.json`), recordsFileOf("/x/a.galgo.json"));
    }
    assert.equal(recordsFileOf("/x/dsse.json"), "/x/dsse.json.records.jsonl");
  });

  it("is never replaced by a model that nobody has signed", () => {
    const file = sign();
    const before = readFileSync(file, "utf8");
    assert.throws(() => sealModelFile({ file, allowLoss: false }), /is signed, and what would/);
    assert.throws(() => writeModel(file, model), ModelUseError);
    assert.throws(() => requireWritable(file), ModelUseError);
    assert.equal(readFileSync(file, "utf8"), before);
    sealModelFile({ file, output: at("sealed.galgo.json"), allowLoss: false });
    assert.deepEqual(loadModel(at("sealed.galgo.json")), model);
  });

  it("never takes the place of a key", () => {
    for (const file of [keys.alice, keys.bobPublic]) {
      const before = readFileSync(file, "utf8");
      assert.throws(() => sign({ output: file }), /holds a key, and no key is replaced/);
      assert.throws(() => requireWritable(file), /holds a key/);
      assert.equal(readFileSync(file, "utf8"), before);
    }
  });

  it("is not looked for in a pipe that nobody writes to", () => {
    const pipe = at("pipe");
    execFileSync("mkfifo", [pipe]);
    // in a process of its own: whoever waits for such a pipe can not be stopped from within
    const looks = `import { isSignedFile } from ${JSON.stringify(new URL("signed-file.ts", import.meta.url))}; process.exitCode = isSignedFile(${JSON.stringify(pipe)}) ? 1 : 0;`;
    const args = ["--import", "tsx", "--input-type=module", "-e", looks];
    const { status } = spawnSync(process.execPath, args, { timeout: 60_000 });
    assert.equal(status, 0);
  });

  it("is read where text models are, and its key is asked for there", () => {
    const file = sign();
    assert.deepEqual(loadAnyModel(file, { keyFile: keys.alicePublic }), { form: "galgo", model });
    assert.throws(() => loadAnyModel(file, { keyFile: keys.bobPublic }), UntrustedModelError);
    assert.throws(() => loadAnyModel(plain, { keyFile: keys.bobPublic }), /no signature/);
  });
});

describe("whose signature counts", () => {
  it("is said by keys or by a policy, not by both and not by nobody", () => {
    assert.throws(() => readRequirement({}), /--key PUBLIC.pem or --policy FILE/);
    const both = { keys: [keys.alicePublic], policy: plain };
    assert.throws(() => readRequirement(both), /do not go together/);
    assert.throws(() => readRequirement({ policy: at("none.json") }), /ENOENT/);
    assert.throws(() => readRequirement({ policy: plain }), /is no trust policy/);
    assert.throws(() => readRequirement({ policy: folder }), /no regular file/);
    assert.throws(() => readRequirement({ keys: [plain] }), /BEGIN PUBLIC KEY/);
    symlinkSync("loop", at("loop"));
    assert.throws(() => readRequirement({ keys: [at("loop")] }), { code: "BAD_KEY" });
    assert.throws(() => readRequirement({ policy: at("loop") }), { code: "BAD_POLICY" });
  });

  it("is not said by a file that everybody may write to", () => {
    const open = put("open.pub.pem", alice.publicPem);
    chmodSync(open, 0o646);
    assert.throws(() => readRequirement({ keys: [open] }), /everybody may write to it/);
    assert.throws(() => readRequirement({ policy: open }), /everybody may write to it/);
    chmodSync(open, 0o664);
    assert.equal(readRequirement({ keys: [open] }).policy.keys.length, 1);
  });
});
