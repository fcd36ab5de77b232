// SPDX-License-Identifier: Apache-2.0
// Whose model a container gets where signatures are demanded, found out before anything of it runs.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { aModel } from "../../../test/helpers/models.ts";
import { aSigner, signedModelText } from "../../../test/helpers/signing.ts";
import { CodedError } from "../../base/errors.ts";
import { stringifyWorkloadModel } from "../../model/index.ts";
import { readRequirement, type SignatureRequirement } from "../../orchestrator/index.ts";
import type { DaemonConfig } from "../config/config.ts";
import { parseConfig } from "../config/config.ts";
import { socketsIn } from "../sockets.ts";
import { type ContainerRun, containerRun } from "./order.ts";

const folder = mkdtempSync(join(tmpdir(), "galgo-signed-"));
const models = join(folder, "models");
mkdirSync(models);
after(() => rmSync(folder, { recursive: true, force: true }));

const HEX = "ab".repeat(32);
const IMAGE = `sha256:${HEX}`;
const [owner, stranger] = [aSigner(), aSigner("ES256")];

function put(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

const byKey = readRequirement({ keys: [put("owner.pem", owner.publicPem)] });
const forImages = readRequirement({
  policy: put(
    "policy.json",
    JSON.stringify({
      apiVersion: "galgo.dev/v1",
      kind: "TrustPolicy",
      keys: [{ name: "owner", publicKey: owner.publicPem }],
      rules: [{ models: ["*"], keys: ["owner"], subject: "required" }],
    }),
  ),
});
put("models/plain.galgo.json", stringifyWorkloadModel(aModel()));
put("models/both.galgo.json", stringifyWorkloadModel(aModel({ name: "learned-later" })));
put("models/both.galgo.dsse.json", signedModelText(aModel(), owner, HEX));
put("models/box.galgo.dsse.json", signedModelText(aModel(), owner, HEX));
put("models/other.galgo.dsse.json", signedModelText(aModel(), owner, "cd".repeat(32)));
put("models/strange.galgo.dsse.json", signedModelText(aModel(), stranger, HEX));

interface Asked {
  readonly model: string;
  readonly requirement?: SignatureRequirement;
  readonly mode?: string;
  /** Where the engine keeps its images. */
  readonly bundle?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

function order(
  { model, requirement, mode = "enforce", bundle, annotations }: Asked,
  config: DaemonConfig = parseConfig("", "f"),
): ContainerRun {
  const container = {
    id: "c1",
    bundle: bundle ?? folder,
    pid: undefined,
    annotations: { "dev.galgo.mode": mode, "dev.galgo.model": model, ...annotations },
  };
  return containerRun(
    { container, metadata: "", runtimePid: process.pid },
    { config, models, requirement, sockets: socketsIn(folder), stateRoot: folder, env: {} },
  );
}

function refused(asked: Asked, words: RegExp): void {
  assert.throws(
    () => order(asked),
    (error) => {
      assert.ok(error instanceof CodedError, String(error));
      assert.equal(error.code, "UNTRUSTED", error.message);
      assert.match(error.message, words);
      assert.doesNotMatch(error.message, /\n/);
      return true;
    },
  );
}

/** As Podman and CRI-O keep containers and images. @returns the bundle */
function libpod(digest: string | undefined): string {
  const storage = mkdtempSync(join(folder, "storage-"));
  const bundle = join(storage, "overlay-containers", "c1", "userdata");
  mkdirSync(bundle, { recursive: true });
  mkdirSync(join(storage, "overlay-images"));
  const write = (path: string, value: unknown): void =>
    writeFileSync(join(storage, path), JSON.stringify(value));
  write("overlay-containers/containers.json", [{ id: "c1", image: "i1" }]);
  write("overlay-images/images.json", [{ id: "i1", names: ["localhost/box"], digest }]);
  return bundle;
}

describe("the model of a container", () => {
  it("needs no signature where none is demanded, and a signed one goes first", () => {
    assert.equal(order({ model: "plain" }).request.signature, undefined);
    const { model, modelFile, signature } = order({ model: "both" }).request;
    assert.equal(model?.metadata.name, "demo");
    assert.equal(modelFile, join(models, "both.galgo.dsse.json"));
    // nobody has asked by whom
    assert.deepEqual(signature?.signedBy, []);
    assert.equal(
      order({ model: "both", mode: "learn" }).learnInto,
      join(models, "both.galgo.json"),
    );
  });

  it("is asked about with a fleet where the configuration says so and one was joined", () => {
    const config = parseConfig('[fleet]\ncontainer-verdicts = "async"\n', "f");
    assert.equal(order({ model: "plain" }, config).request.locality, undefined);
    const socket = put("verdict.sock", "");
    const { locality } = order({ model: "plain" }, config).request;
    assert.deepEqual(locality, { kind: "remote", withinMs: 0, socket });
    assert.equal(order({ model: "plain", mode: "learn" }, config).request.locality, undefined);
    assert.equal(order({ model: "plain" }).request.locality, undefined);
  });

  it("is refused unless somebody has signed it whose key counts", () => {
    const requirement = byKey;
    for (const model of ["box", "both", "box.galgo.dsse.json", "box.galgo.json"]) {
      const { request } = order({ model, requirement });
      assert.deepEqual(
        request.signature?.signedBy.map(({ key }) => key),
        [owner.key.id],
      );
      assert.equal(request.requirement, requirement);
    }
    refused({ model: "plain", requirement }, /UNSIGNED/);
    refused({ model: "strange", requirement }, /UNKNOWN_KEY/);
  });

  it("has to be for its image where the policy says so, as the engine knows the image", () => {
    const requirement = forImages;
    order({ model: "box", requirement, bundle: libpod(IMAGE) });
    refused({ model: "other", requirement, bundle: libpod(IMAGE) }, /WRONG_SUBJECT/);
    refused(
      { model: "box", requirement, bundle: libpod(`sha256:${"ef".repeat(32)}`) },
      /WRONG_SUBJECT/,
    );
    refused({ model: "box", requirement, bundle: libpod(undefined) }, /NO_SUBJECT/);
    refused({ model: "box", requirement }, /NO_SUBJECT/);
  });

  it("is for no image that only an annotation claims", () => {
    const requirement = forImages;
    const annotations = {
      "io.kubernetes.cri-o.ImageRef": IMAGE,
      "io.kubernetes.cri.image-name": `localhost/box@${IMAGE}`,
    };
    refused({ model: "box", requirement, annotations }, /NO_SUBJECT/);
    const other = libpod(`sha256:${"ef".repeat(32)}`);
    refused({ model: "box", requirement, annotations, bundle: other }, /WRONG_SUBJECT/);
    // this one containerd writes itself
    const bundle = "/run/containerd/io.containerd.runtime.v2.task/k8s.io/c1";
    const { facts } = order({ model: "box", requirement, annotations, bundle });
    assert.equal(facts.imageDigest, IMAGE);
    // a repository with that name, a tag of that form
    for (const name of [
      `evil.example/${IMAGE}`,
      `evil.example/${IMAGE}@sha256:${"ef".repeat(32)}`,
    ]) {
      const named = { "io.kubernetes.cri.image-name": name };
      refused({ model: "box", requirement, annotations: named, bundle }, /(NO|WRONG)_SUBJECT/);
    }
  });

  it("says nothing of an image in evidence, and gets no model by it, that only an annotation claims", () => {
    const annotations = {
      "io.kubernetes.cri-o.ImageRef": IMAGE,
      "io.kubernetes.cri-o.ImageName": "localhost/box:1",
      "io.kubernetes.cri.image-name": `localhost/box@${IMAGE}`,
      "org.opencontainers.image.ref.name": `localhost/box@${IMAGE}`,
    };
    const { facts, request } = order({ model: "box", annotations });
    assert.equal(facts.image, "localhost/box:1");
    assert.equal(facts.imageDigest, undefined);
    assert.equal(request.container?.imageDigest, undefined);
    const bundle = "/run/containerd/io.containerd.runtime.v2.task/k8s.io/c1";
    const other = `sha256:${"ef".repeat(32)}`;
    const written = { ...annotations, "io.kubernetes.cri.image-name": `localhost/other@${other}` };
    const kept = order({ model: "box", annotations: written, bundle });
    assert.equal(kept.facts.imageDigest, other);
    assert.equal(kept.facts.image, `localhost/other@${other}`);
  });
});
