// SPDX-License-Identifier: Apache-2.0
// What else can be found out about a container: its command in the bundle, its image where its engine keeps that. All of it may be
// missing. On the digest of the image rest the choice of a model by it, models that are signed for it, and evidence: it is never what an
// annotation claims that others than the engine may write.
import { readFileSync, readlinkSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { ContainerFacts } from "../../orchestrator/run-record.ts";
import { MAX_BUNDLE_BYTES } from "./limits.ts";
import type { ContainerState } from "./state.ts";

/** Annotations in which engines of Kubernetes name the image, the surest first. */
const IMAGE_ANNOTATIONS = [
  "io.kubernetes.cri-o.ImageName",
  "io.kubernetes.cri.image-name",
  "org.opencontainers.image.ref.name",
] as const;
/** Behind the @ at the end only: a repository may be called sha256, and a tag be 64 digits. */
const DIGEST = /@(sha256:[0-9a-f]{64})$/;
const DOCKER = "/var/lib/docker/containers";
/** Bundles of containerd for Kubernetes. */
const CONTAINERD = "/run/containerd/io.containerd.runtime.v2.task/k8s.io/";
/** It writes this itself, over what a pod says. */
const CONTAINERD_IMAGE = "io.kubernetes.cri.image-name";

interface Image {
  readonly name: string | undefined;
  readonly digest: string | undefined;
}

/** @param runtimePid of the program that handed the container over */
export function containerFacts(state: ContainerState, runtimePid: number): ContainerFacts {
  const { id, bundle } = state;
  const image = libpodImage(state) ?? dockerImage(state) ?? annotatedImage(state);
  const runtime = programOf(runtimePid);
  return {
    id,
    ...(image.name === undefined ? {} : { image: image.name }),
    ...(image.digest === undefined ? {} : { imageDigest: image.digest }),
    ...(runtime === undefined ? {} : { runtime }),
    ...(bundle === "" ? {} : { bundle }),
  };
}

/** argv of the container's first process; empty when the bundle does not tell. */
export function containerCommand({ bundle }: ContainerState): readonly string[] {
  const config = jsonIn(join(bundle, "config.json")) as
    | { process?: { args?: unknown } }
    | undefined;
  const args = config?.process?.args;
  return Array.isArray(args) ? args.map(String) : [];
}

/** Podman, CRI-O: <storage>/<driver>-containers/<id>/userdata beside <storage>/<driver>-images. */
function libpodImage({ id, bundle }: ContainerState): Image | undefined {
  if (basename(bundle) !== "userdata") return undefined;
  const containers = dirname(dirname(bundle));
  const driver = basename(containers).replace(/-containers$/, "");
  const known = listIn(join(containers, "containers.json"));
  const imageId = known.find((entry) => entry["id"] === id)?.["image"];
  if (typeof imageId !== "string" || imageId === "") return undefined;
  const images = listIn(join(dirname(containers), `${driver}-images`, "images.json"));
  const image = images.find((entry) => entry["id"] === imageId);
  const names = image?.["names"];
  const name: unknown = Array.isArray(names) ? names[0] : undefined;
  const digest = image?.["digest"];
  return {
    name: typeof name === "string" ? name : imageId,
    digest: typeof digest === "string" ? digest : undefined,
  };
}

function dockerImage({ id }: ContainerState): Image | undefined {
  if (!/^[0-9a-f]{64}$/.test(id)) return undefined;
  const config = jsonIn(join(DOCKER, id, "config.v2.json")) as
    | { Image?: unknown; Config?: { Image?: unknown } }
    | undefined;
  if (typeof config?.Image !== "string") return undefined;
  const name = config.Config?.Image;
  return { name: typeof name === "string" ? name : config.Image, digest: config.Image };
}

/** Anybody may have named it; its digest is known only where containerd wrote it. */
function annotatedImage({ bundle, annotations }: ContainerState): Image {
  const name = IMAGE_ANNOTATIONS.map((key) => annotations[key]).find((text) => text !== undefined);
  if (!bundle.startsWith(CONTAINERD)) return { name, digest: undefined };
  const own = annotations[CONTAINERD_IMAGE];
  return { name: own ?? name, digest: DIGEST.exec(own ?? "")?.[1] };
}

function listIn(path: string): readonly Readonly<Record<string, unknown>>[] {
  const json = jsonIn(path);
  return Array.isArray(json) ? (json as Readonly<Record<string, unknown>>[]) : [];
}

function jsonIn(path: string): unknown {
  try {
    if (statSync(path).size > MAX_BUNDLE_BYTES) return undefined;
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}

function programOf(pid: number): string | undefined {
  try {
    return basename(readlinkSync(`/proc/${pid}/exe`));
  } catch {
    return undefined; // it has ended
  }
}
