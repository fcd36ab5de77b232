// SPDX-License-Identifier: Apache-2.0
// Converting, signing and measuring models, and giving them pseudonyms, as files.
import assert from "node:assert/strict";
import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { aFile, anEvent, ROOT, TASK } from "../../../test/helpers/events.ts";
import { aModel, aRunOf, coefficient, FIDELITY } from "../../../test/helpers/models.ts";
import { SHA256, testHasher } from "../../../test/helpers/test-hasher.ts";
import { SignatureError } from "../../attest/signed/errors.ts";
import { writeRecord, writeTsemRecord } from "../../event/index.ts";
import {
  BUILTIN_PROFILES,
  createMapper,
  modelFromRuns,
  pseudonymOf,
  stringifyWorkloadModel,
  type WorkloadModel,
} from "../../model/index.ts";
import { type ConvertRequest, convertModel } from "./convert-model.ts";
import { ModelUseError, StateError } from "../errors.ts";
import { recordsFileOf } from "./learn-files.ts";
import { measureModel } from "./measure-model.ts";
import { loadModel } from "./model-use.ts";
import { makePseudonyms } from "./pseudonym-files.ts";

const folder = mkdtempSync(join(tmpdir(), "galgo-forms-"));
after(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
function place(content?: string): string {
  const file = join(folder, `model-${++files}.x`);
  if (content !== undefined) writeFileSync(file, content);
  return file;
}

const [A, B] = [1, 2].map(coefficient) as [string, string];
const TEXT = `aggregate ${"22".repeat(32)}\nstate ${A}\nstate ${B}\nseal\nend\n`;

function keys(bits = 2048): { readonly secret: string; readonly open: string } {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: bits });
  return {
    secret: place(String(privateKey.export({ type: "pkcs8", format: "pem" }))),
    open: place(String(publicKey.export({ type: "spki", format: "pem" }))),
  };
}

const owner = keys();
const stranger = keys();

function convert(input: string, to: ConvertRequest["to"], more: Partial<ConvertRequest> = {}) {
  const output = place();
  const result = convertModel({ input, output, to, allowLoss: false, ...more });
  return { ...result, output, text: readFileSync(output, "utf8") };
}

function refused(code: string, message: RegExp, action: () => unknown): void {
  assert.throws(action, (error) => {
    assert.ok(
      error instanceof ModelUseError ||
        error instanceof StateError ||
        error instanceof SignatureError,
      String(error),
    );
    assert.match(error.message, message);
    assert.equal(error.code, code);
    return true;
  });
}

describe("a model that is converted", () => {
  it("becomes a Galgo model of the wanted mapping, digest and name", () => {
    const long = place(`state ${"ab".repeat(64)}\nend\n`);
    const more = { mapping: "tsem-v4", digest: "sha512", name: "big" } as const;
    const { spec, metadata } = loadModel(convert(long, "galgo", more).output);
    assert.deepEqual(
      [metadata.name, spec.mapping, spec.digest, spec.sealed],
      ["big", "tsem-v4", "sha512", false],
    );
    assert.equal(loadModel(convert(place(TEXT), "galgo").output).spec.mapping, "quixote-2025");
  });

  it("comes back as it was", () => {
    const { output } = convert(place(TEXT), "galgo");
    const states = [A, B].sort();
    const sorted = TEXT.replace(A, states[0] ?? "").replace(
      RegExp(`${B}\nseal`),
      `${states[1]}\nseal`,
    );
    assert.equal(convert(output, "quixote").text, sorted);
  });

  it("is refused when it would mean something else, unless that is asked for", () => {
    const portable = place(stringifyWorkloadModel(aModel()));
    const output = place();
    const request = { input: portable, output, to: "quixote" } as const;
    refused("LOSSY", /profile portable.*--allow-loss/s, () =>
      convertModel({ ...request, allowLoss: false }),
    );
    assert.equal(existsSync(output), false);
    const { points, losses } = convertModel({ ...request, allowLoss: true });
    assert.equal(points, 3);
    assert.match(losses.join(), /profile portable/);
  });

  it("is refused with options that contradict it", () => {
    const text = place(TEXT);
    const galgo = place(stringifyWorkloadModel(aModel({ profile: BUILTIN_PROFILES.exact })));
    refused("BAD_OPTION", /already/, () => convert(galgo, "galgo"));
    refused("BAD_OPTION", /--to quixote/, () =>
      convert(text, "galgo", { signKeyFile: owner.secret }),
    );
    refused("BAD_OPTION", /--to galgo/, () => convert(galgo, "quixote", { name: "x" }));
    refused("BAD_OPTION", /--to galgo/, () => convert(text, "quixote", { mapping: "tsem-v4" }));
    refused("BAD_OPTION", /carries no signature/, () =>
      convert(galgo, "quixote", { keyFile: owner.open }),
    );
    refused("BAD_OPTION", /is sha256, not sha512/, () =>
      convert(galgo, "quixote", { digest: "sha512" }),
    );
    refused("BAD_NAME", /can not name/, () => convert(text, "galgo", { name: "a/b" }));
  });

  it("is told what is wrong with its text, and where", () => {
    refused("BAD_MODEL", /model-\d+\.x line 1: is empty/, () => convert(place("\n"), "galgo"));
    refused("BAD_MODEL", /line 2: does not hold/, () =>
      convert(place("# x\nstate 00\nend\n"), "galgo"),
    );
    refused("NO_MODEL", /ENOENT/, () => convert(join(folder, "none"), "galgo"));
    const nowhere = join(folder, "none", "out");
    refused("NOT_WRITABLE", /ENOENT/, () => convert(place(TEXT), "galgo", { output: nowhere }));
  });

  it("is not taken for one that can be run", () => {
    refused("BAD_MODEL", /galgo model convert .* --to galgo/, () => loadModel(place(TEXT)));
  });
});

describe("a signed text model", () => {
  const signed = convert(place(TEXT), "quixote", { signKeyFile: owner.secret });

  it("is signed with the key that was given, and says whose it is", () => {
    assert.match(signed.text, /^key [\w+/=]+\naggregate .*\nend\nsignature [\w+/=]+\n$/s);
    const { signer } = convert(signed.output, "galgo", { keyFile: owner.open });
    assert.deepEqual(signer, { fingerprint: signed.signedBy, expected: true });
    assert.equal(convert(signed.output, "galgo").signer?.expected, false);
    // the private key names the same owner
    assert.equal(convert(signed.output, "galgo", { keyFile: owner.secret }).signer?.expected, true);
  });

  it("is refused when another key was asked for, or none signed", () => {
    refused("BAD_KEY", /not with that of/, () =>
      convert(signed.output, "galgo", { keyFile: stranger.open }),
    );
    refused("BAD_KEY", /is not signed/, () =>
      convert(place(TEXT), "galgo", { keyFile: owner.open }),
    );
  });

  it("is refused when anything in it was changed", () => {
    const { text } = signed;
    refused("BAD_MODEL", /no good signature/, () => convert(place(text.replace(A, B)), "galgo"));
    refused("BAD_MODEL", /no good signature/, () =>
      convert(place(text.replace("seal\n", "# seal\n")), "galgo"),
    );
    refused("BAD_MODEL", /key but no signature/, () =>
      convert(place(text.replace(/signature .*\n/, "")), "galgo"),
    );
  });

  it("is refused with a key that is too short, of another kind, or secret", () => {
    const weak = keys(1024);
    const curve = generateKeyPairSync("ed25519");
    const pem = (text: string) => Buffer.from(text).toString("base64");
    const withKey = (text: string) => place(signed.text.replace(/^key .*/, `key ${pem(text)}`));
    const of = (file: string) => withKey(readFileSync(file, "utf8"));
    const edPublic = String(curve.publicKey.export({ type: "spki", format: "pem" }));
    refused("BAD_MODEL", /has 1024 bits/, () => convert(of(weak.open), "galgo"));
    refused("BAD_MODEL", /no RSA key/, () => convert(withKey(edPublic), "galgo"));
    refused("BAD_MODEL", /not the PEM text of one public key .*private/, () =>
      convert(of(owner.secret), "galgo"),
    );
    refused("BAD_KEY", /has 1024 bits/, () =>
      convert(place(TEXT), "quixote", { signKeyFile: weak.secret }),
    );
    refused("BAD_KEY", /not the PEM text of a private key/, () =>
      convert(place(TEXT), "quixote", { signKeyFile: owner.open }),
    );
  });

  it("is not held against a key that everybody may write, nor signed with what never ends", () => {
    const open = place(readFileSync(owner.open, "utf8"));
    chmodSync(open, 0o646);
    refused("BAD_KEY", /everybody may write to it/, () =>
      convert(signed.output, "galgo", { keyFile: open }),
    );
    refused("BAD_KEY", /no regular file/, () =>
      convert(place(TEXT), "quixote", { signKeyFile: "/dev/zero" }),
    );
  });

  it("may be signed with the older form of an RSA key", () => {
    const key = createPrivateKey(readFileSync(owner.secret));
    const signKeyFile = place(String(key.export({ type: "pkcs1", format: "pem" })));
    const { signedBy } = convert(place(TEXT), "quixote", { signKeyFile });
    assert.equal(signedBy, signed.signedBy);
  });
});

describe("measurement and state", () => {
  it("are those of the points in a list, under any aggregate and base", () => {
    const list = place(`${A}\nstate ${B.toUpperCase()}\n${A}\n`);
    const plain = measureModel({ file: list });
    assert.deepEqual([plain.form, plain.points], ["list", 2]);
    const text = place(TEXT);
    const other = measureModel({ file: list, aggregate: "22".repeat(32) });
    assert.equal(other.measurement, measureModel({ file: text }).measurement);
    assert.equal(other.state, measureModel({ file: text }).state);
    const based = measureModel({ file: list, base: "33".repeat(32) });
    assert.notEqual(based.state, plain.state);
    const inText = place(`base ${"33".repeat(32)}\nstate ${A}\nstate ${B}\nend\n`);
    assert.equal(measureModel({ file: inText, aggregate: "00".repeat(32) }).state, based.state);
  });

  it("depend on the order, and do not", () => {
    const one = measureModel({ file: place(`${A}\n${B}\n`) });
    const two = measureModel({ file: place(`${B}\n${A}\n`) });
    assert.equal(one.state, two.state);
    assert.notEqual(one.measurement, two.measurement);
  });

  it("are what a Galgo model says of itself", () => {
    const model = aModel({ base: "44".repeat(32) });
    const measured = measureModel({ file: place(stringifyWorkloadModel(model)) });
    assert.deepEqual([measured.form, measured.state], ["galgo", model.spec.state]);
  });

  it("are refused of what is no list and no model", () => {
    const bad =
      (text: string, more = {}) =>
      () =>
        measureModel({ file: place(text), ...more });
    refused("BAD_MODEL", /line 2: is no coefficient of 64/, bad(`${A}\nxyz\n`));
    refused("BAD_MODEL", /line 2: is no coefficient/, bad(`state ${A}\nstate 00\n`));
    refused("BAD_MODEL", /line 3: end of file without/, bad(`state ${A}\nseal\n`));
    refused("BAD_MODEL", /line 1: is no coefficient of 96/, bad(`${A}\n`, { digest: "sha384" }));
    refused("BAD_MODEL", /end of file without/, bad(""));
    refused("BAD_MODEL", /is not JSON/, bad("{"));
    refused("BAD_OPTION", /--base takes 64 hex digits/, bad(`${A}\n`, { base: "zz" }));
    refused("BAD_OPTION", /--aggregate takes/, bad(`${A}\n`, { aggregate: "00" }));
  });
});

describe("pseudonyms", () => {
  const log = anEvent("file_open", { file: aFile("/var/app.log") });
  const program = anEvent("file_open", { file: aFile("/bin/app") });
  const hidden = pseudonymOf("/var/app.log", SHA256);

  /** A model learned from two opens, with its records unless told otherwise. */
  function learned(records: boolean): string {
    const identity = anEvent("bprm_committed_creds", { file: aFile("/bin/sh") });
    const id = createMapper(SHA256).taskId(TASK.pTaskId, ROOT, aFile("/bin/sh"));
    const task = { ...TASK, taskId: id };
    const events = [identity, log, program].map((event) => ({ ...event, task }));
    const { model } = modelFromRuns([aRunOf(events)], {
      name: "demo",
      profile: BUILTIN_PROFILES.exact,
      hasher: SHA256,
      sealed: true,
      fidelity: FIDELITY,
    });
    const file = place(stringifyWorkloadModel(model));
    const lines = events.map((event) => `${writeRecord(event)}\n`).join("");
    if (records) writeFileSync(recordsFileOf(file), lines);
    return file;
  }

  function added(
    model: string,
    path: string,
  ): { readonly again: boolean; readonly model: WorkloadModel } {
    const output = place();
    const result = makePseudonyms({ paths: [path], addTo: { model, output } });
    return { again: result.learnedAgain, model: loadModel(output) };
  }

  it("of paths and of recorded files are the same, for each digest", () => {
    const trajectory = place(`${writeRecord(log)}\n`);
    for (const digest of ["sha256", "sha512"] as const) {
      const expected = pseudonymOf("/var/app.log", testHasher(digest));
      const { pseudonyms } = makePseudonyms({ paths: ["/var/app.log"], trajectory, digest });
      assert.deepEqual(pseudonyms, [expected, expected]);
    }
  });

  it("are those of names as the kernel writes them", () => {
    const line = (name: Buffer) => {
      const text = writeTsemRecord({ kind: "trajectory", event: { ...log, pid: 0 } });
      const [before = "", after = ""] = text.split("/var/app.log");
      return Buffer.concat([Buffer.from(before), name, Buffer.from(`${after}\n`)]);
    };
    const names = ["/x/a\\nb", "/x/\xff", "/x/d\xc3\xa9p"].map((name) =>
      Buffer.from(name, "latin1"),
    );
    const trajectory = place();
    writeFileSync(trajectory, Buffer.concat(names.map(line)));
    const { pseudonyms } = makePseudonyms({ paths: [], trajectory });
    const expected = names.map((name) => {
      const length = Buffer.alloc(4);
      length.writeUInt32LE(name.length);
      return SHA256.hex(Buffer.concat([length, name]));
    });
    assert.deepEqual(pseudonyms, expected);
  });

  it("pass over records without a file", () => {
    const others = [
      anEvent("syslog", { type: 1 }),
      log,
      anEvent("mmap_file", { prot: 1, flags: 2 }),
    ];
    const trajectory = place(others.map((event) => `${writeRecord(event)}\n`).join(""));
    const { pseudonyms, passedOver } = makePseudonyms({ paths: [], trajectory });
    assert.deepEqual([pseudonyms, passedOver], [[hidden], 2]);
  });

  it("are refused of what is no record, or can not be told exactly", () => {
    const trajectory = place(`${writeRecord(log)}\ngarbage\n`);
    assert.throws(() => makePseudonyms({ paths: [], trajectory }), /line 2: record is neither/);
    const aggregate = place(`${writeTsemRecord({ kind: "aggregate", value: A })}\n`);
    assert.throws(() => makePseudonyms({ paths: [], trajectory: aggregate }), /no event/);
    refused("BAD_OPTION", /--trajectory/, () => makePseudonyms({ paths: ["/a\ufffd"] }));
  });

  it("change the points of a model that has its records", () => {
    const file = learned(true);
    const before = loadModel(file).spec;
    const { again, model } = added(file, "/var/app.log");
    assert.equal(again, true);
    assert.deepEqual(model.spec.pseudonyms, [hidden]);
    const common = model.spec.points.filter((point) => before.points.includes(point));
    assert.deepEqual([model.spec.points.length, common.length], [2, 1]);
    assert.equal(model.spec.sealed, true);
  });

  it("are only added when there are no records, or others", () => {
    const bare = learned(false);
    const { again, model } = added(bare, "/var/app.log");
    assert.equal(again, false);
    assert.deepEqual(model.spec.points, loadModel(bare).spec.points);
    assert.deepEqual(model.spec.pseudonyms, [hidden]);
    const other = learned(true);
    writeFileSync(recordsFileOf(other), `${writeRecord(log)}\n`);
    assert.equal(added(other, "/var/app.log").again, false);
  });

  it("are written into a text model, but not into a signed one", () => {
    const output = place();
    const text = place(TEXT);
    assert.equal(
      makePseudonyms({ paths: ["/var/app.log"], addTo: { model: text, output } }).added,
      1,
    );
    assert.match(readFileSync(output, "utf8"), RegExp(`pseudonym ${hidden}\nstate`));
    const signed = convert(text, "quixote", { signKeyFile: owner.secret }).output;
    refused("BAD_OPTION", /is signed/, () =>
      makePseudonyms({ paths: ["/x"], addTo: { model: signed, output } }),
    );
  });
});
