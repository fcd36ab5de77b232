// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CodedError } from "../../base/errors.ts";
import { type ChoiceFacts, checkedMetadata, chooseOrder, isAddressed } from "./choice.ts";
import { modelPlace } from "./models.ts";
import { parseHandedOver, parseHookState } from "./state.ts";

const DIGEST = `sha256:${"ab".repeat(32)}`;

function choose(changes: Partial<ChoiceFacts>) {
  return chooseOrder({
    ...{ annotations: {}, metadata: "", imageDigest: undefined, images: {} },
    ...changes,
  });
}

/** Asserts that `work` is refused with one line. */
function refused(work: () => unknown, code: string, words: RegExp): void {
  assert.throws(work, (error) => {
    assert.ok(error instanceof CodedError);
    assert.equal(error.code, code, error.message);
    assert.match(error.message, words);
    assert.doesNotMatch(error.message, /\n/);
    return true;
  });
}

describe("what is to be done with a container", () => {
  it("is said by annotations before metadata, and by metadata before the image", () => {
    const images = { [DIGEST]: "of-image" };
    assert.deepEqual(choose({ images, imageDigest: DIGEST }), {
      ...{ mode: "enforce", model: "of-image", onViolation: "deny", name: undefined },
    });
    const metadata = "mode=detect, model=of-profile,on-violation=kill,";
    assert.deepEqual(choose({ images, imageDigest: DIGEST, metadata }), {
      ...{ mode: "detect", model: "of-profile", onViolation: "kill", name: undefined },
    });
    const annotations = { "dev.galgo.mode": "learn", "dev.galgo.name": "me", other: "word" };
    assert.deepEqual(choose({ metadata, annotations }), {
      ...{ mode: "learn", model: "of-profile", onViolation: "kill", name: "me" },
    });
  });

  it("has to be said, completely and in words that are known", () => {
    refused(() => choose({}), "NO_ORDER", /nothing says/);
    refused(() => choose({ metadata: "mode=enforce" }), "BAD_MODEL", /enforce needs a model/);
    refused(() => choose({ metadata: "mode" }), "BAD_ORDER", /key=value/);
    refused(() => choose({ metadata: "mood=free" }), "BAD_ORDER", /no key mood/);
    refused(
      () => choose({ annotations: { "dev.galgo.mode": "Free\n" } }),
      "BAD_ORDER",
      /one of learn/,
    );
    refused(() => choose({ annotations: { "dev.galgo.model": "" } }), "BAD_ORDER", /is empty/);
    refused(() => choose({ annotations: { "dev.galgo.x\u001b": "" } }), "BAD_ORDER", /x\\/);
    refused(
      () => choose({ annotations: { "dev.galgo.mode": "free", "dev.galgo.on-violation": "no" } }),
      "BAD_ORDER",
      /deny, kill, observe/,
    );
  });

  it("is checked when a profile is printed", () => {
    assert.equal(checkedMetadata("", { model: "m", mode: "enforce" }), "mode=enforce,model=m");
    assert.equal(checkedMetadata(""), "");
    refused(() => checkedMetadata("name=x", { mode: "detect" }), "BAD_MODEL", /needs a model/);
  });

  it("concerns Galgo when an annotation has its prefix", () => {
    assert.equal(isAddressed({ "dev.galgo.anything": "" }), true);
    assert.equal(isAddressed({ "dev.galgox": "" }), false);
  });
});

describe("the model that a container names", () => {
  it("is a file of the folder, with the digest that it was named with", () => {
    assert.deepEqual(modelPlace("web", "/m"), { file: "/m/web.galgo.json", sha256: undefined });
    assert.equal(modelPlace("web.galgo.json", "/m").file, "/m/web.galgo.json");
    assert.deepEqual(modelPlace(`web@${DIGEST}`, "/m"), {
      ...{ file: "/m/web.galgo.json", sha256: "ab".repeat(32) },
    });
    const alone = modelPlace(DIGEST, "/m");
    assert.equal(alone.file, `/m/sha256-${"ab".repeat(32)}.galgo.json`);
    assert.equal(alone.sha256, "ab".repeat(32));
  });

  it("is never a path, and its digest is whole", () => {
    const bad = ["/etc/passwd", "../up", "a/b", "", ".hidden", "a b", "web@sha256:12", "@", "x@"];
    for (const reference of bad)
      refused(() => modelPlace(reference, "/m"), "BAD_MODEL", /names no model/);
  });
});

describe("what a runtime says", () => {
  const state = { ociVersion: "1.0.2", id: "c", status: "creating", pid: 7, bundle: "/b" };
  const whole = { ociVersion: "1.0.2", fds: ["other", "seccompFd"], pid: 7, metadata: "m", state };

  it("names the container, its held process and the listener", () => {
    assert.deepEqual(parseHandedOver(JSON.stringify(whole)), {
      container: { id: "c", bundle: "/b", pid: 7, annotations: {} },
      ...{ pid: 7, joins: false, metadata: "m", listener: 1 },
    });
    const executed = parseHandedOver(JSON.stringify({ ...whole, pid: 9 }));
    assert.equal(executed.joins, true);
    const annotations = { "dev.galgo.mode": "free" };
    const hook = parseHookState(JSON.stringify({ ...state, pid: 0, annotations }));
    assert.deepEqual(hook, { id: "c", bundle: "/b", pid: undefined, annotations });
  });

  it("is refused where it is not that", () => {
    refused(() => parseHandedOver("{"), "BAD_STATE", /no JSON/);
    refused(() => parseHandedOver("null"), "BAD_STATE", /not understood/);
    refused(
      () => parseHandedOver(JSON.stringify({ ...whole, fds: ["x"] })),
      "BAD_STATE",
      /seccompFd/,
    );
    refused(() => parseHandedOver(JSON.stringify({ ...whole, pid: -1 })), "BAD_STATE", /pid/);
    refused(
      () => parseHandedOver(JSON.stringify({ ...whole, state: { ...state, annotations: [1] } })),
      "BAD_STATE",
      /annotations/,
    );
  });
});
