// SPDX-License-Identifier: Apache-2.0
// The Helm chart: rendered by Go's template engine, held against the API of Kubernetes and against what the daemon reads. No cluster and no Helm take part.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { Ajv } from "ajv";
import { parse } from "smol-toml";
import { configSchema } from "../../src/daemon/config/sections.ts";
import { CHART, Chart, defaultValues, documentsOf, MANIFESTS, withoutGo } from "./chart.ts";
import type { Manifest, Values } from "./chart.ts";
import { checkSchema, checkTypes } from "./kubernetes.ts";

const DIGEST = `sha256:${"0123456789abcdef".repeat(4)}`;
/** Everything that can be set, set. */
const ALL: Values = {
  image: { repository: "registry.example/galgo", tag: "1.2", pullPolicy: "Always" },
  imagePullSecrets: [{ name: "pull" }],
  nameOverride: "galgo-edge",
  paths: { run: "/run/edge" },
  profiles: [{ name: "galgo" }, { name: "web", for: { mode: "enforce", model: `web@${DIGEST}` } }],
  models: { files: { web: '{"apiVersion": "galgo.dev/v1"}\n' } },
  images: { [DIGEST]: "web" },
  onDaemonLoss: "leave",
  extraConfig: '[[output]]\nkind = "file"\npath = "/var/lib/galgo/out.jsonl"',
  metrics: { enabled: true, port: 9465 },
  bpf: { enabled: true },
  rbac: {
    modelEditors: [{ kind: "Group", name: "security", apiGroup: "rbac.authorization.k8s.io" }],
  },
  serviceAccount: { name: "edge", annotations: { "example.org/why": 'say "so": yes' } },
  podAnnotations: { "example.org/team": "1" },
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [
          { matchExpressions: [{ key: "edge", operator: "In", values: ["yes"] }] },
        ],
      },
    },
  },
};

interface Container {
  readonly name: string;
  readonly command: readonly string[];
  readonly args?: readonly string[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly securityContext: { readonly capabilities: { readonly add: readonly string[] } };
  readonly ports?: readonly object[];
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
}

interface DaemonSet extends Manifest {
  readonly spec: {
    readonly template: {
      readonly metadata: {
        readonly labels: Readonly<Record<string, string>>;
        readonly annotations: Readonly<Record<string, string>>;
      };
      readonly spec: {
        readonly initContainers: readonly Container[];
        readonly containers: readonly [Container];
        readonly volumes: readonly { readonly name: string }[];
      };
    };
  };
}

interface Service extends Manifest {
  readonly spec: {
    readonly selector: Readonly<Record<string, string>>;
    readonly ports: readonly object[];
  };
}

interface ConfigMap extends Manifest {
  readonly data: Readonly<Record<string, string>>;
}

it("the manifests for kubectl are what Kubernetes takes", () => {
  const names = ["galgo", "namespace", "example-pod"];
  const manifests = names.flatMap((name) =>
    documentsOf(readFileSync(new URL(`${name}.yaml`, pathToFileURL(MANIFESTS)), "utf8")),
  );
  assert.deepEqual(
    manifests.map(({ kind }) => kind),
    ["ConfigMap", "DaemonSet", "ServiceAccount", "Namespace", "Pod"],
  );
  for (const manifest of manifests) checkSchema(manifest);
  assert.equal(checkTypes(manifests), "");
});

describe("the chart", { skip: withoutGo }, () => {
  let chart: Chart;
  before(() => {
    chart = new Chart();
  });
  after(() => chart.dispose());

  const rendered = (values?: Values): Manifest[] => documentsOf(chart.manifestText(values));
  const one = <T extends Manifest>(
    manifests: readonly Manifest[],
    kind: string,
    name: string,
  ): T => {
    const found = manifests.find((each) => each.kind === kind && each.metadata.name === name);
    assert.ok(found, `${kind} ${name}`);
    return found as T;
  };

  it("is what Kubernetes takes, with all that can be set", () => {
    const manifests = rendered(ALL);
    assert.deepEqual(
      manifests.map(({ kind }) => kind),
      ["ConfigMap", "DaemonSet", "ConfigMap", "Role", "RoleBinding", "Service", "ServiceAccount"],
    );
    for (const manifest of manifests) checkSchema(manifest);
    assert.equal(checkTypes(manifests), "");
  });

  it("would be found out if it were not", () => {
    const [first] = rendered().filter(({ kind }) => kind === "DaemonSet");
    assert.ok(first);
    const wrong = structuredClone(first) as unknown as {
      spec: { template: { spec: Record<string, unknown> } };
    };
    wrong.spec.template.spec["hostPid"] = true;
    assert.match(checkTypes([wrong as unknown as Manifest]), /hostPid/);
    wrong.spec.template.spec["hostPID"] = "yes";
    assert.throws(() => checkSchema(wrong as unknown as Manifest), /hostPID/);
  });

  it("is the same as the manifests for kubectl", () => {
    const written = readFileSync(MANIFESTS, "utf8");
    assert.equal(written, chart.manifestText(), "node --import tsx test/deploy/write-manifests.ts");
  });

  it("says each capability's reason before it", () => {
    for (const values of [{}, ALL]) {
      const manifests = rendered(values);
      const set = manifests.find(({ kind }) => kind === "DaemonSet") as DaemonSet;
      const text = chart.render(values).get("daemonset.yaml") ?? "";
      const reasons = [...text.matchAll(/^ +# (.+)\n +- ([A-Z_]+)$/gm)];
      assert.deepEqual(
        reasons.map(([, , name]) => name),
        set.spec.template.spec.containers[0].securityContext.capabilities.add,
      );
      assert.equal(new Set(reasons.map(([, why]) => why)).size, reasons.length);
    }
  });

  it("gives the daemon a configuration that it reads, and one socket to all", () => {
    const manifests = rendered(ALL);
    const config = parse(
      one<ConfigMap>(manifests, "ConfigMap", "galgo-edge-config").data["daemon.toml"] ?? "",
    );
    assert.deepEqual(configSchema().parse(config), {
      daemon: { models: "/etc/galgo-models" },
      policy: { "on-daemon-loss": "leave" },
      metrics: { listen: "0.0.0.0:9465" },
      images: { [DIGEST]: "web" },
      output: [{ kind: "file", path: "/var/lib/galgo/out.jsonl" }],
    });
    const plain = parse(
      one<ConfigMap>(rendered(), "ConfigMap", "galgo-config").data["daemon.toml"] ?? "",
    );
    assert.deepEqual(configSchema().parse(plain), {
      daemon: {},
      policy: { "on-daemon-loss": "kill" },
    });
    const models = one<ConfigMap>(manifests, "ConfigMap", "galgo-edge-models");
    assert.deepEqual(models.data, { "web.galgo.json": '{"apiVersion": "galgo.dev/v1"}\n' });

    const pod = one<DaemonSet>(manifests, "DaemonSet", "galgo-edge").spec.template.spec;
    const [daemon] = pod.containers;
    assert.equal(daemon.env.find(({ name }) => name === "GALGO_RUN_DIR")?.value, "/run/edge");
    assert.deepEqual(
      pod.initContainers.map(({ args }) => args),
      [
        ["galgo", "--socket", "/run/edge/seccomp.sock"],
        [
          "web",
          "--socket",
          "/run/edge/seccomp.sock",
          "--mode",
          "enforce",
          "--model",
          `web@${DIGEST}`,
        ],
      ],
    );
    const volumes = new Set(pod.volumes.map(({ name }) => name));
    const mounted = [...pod.initContainers, daemon].flatMap(({ volumeMounts }) => volumeMounts);
    assert.deepEqual(new Set(mounted.map(({ name }) => name)), volumes);
  });

  it("opens a port for metrics when it is told to, where all say the same", () => {
    const manifests = rendered(ALL);
    const { spec } = one<Service>(manifests, "Service", "galgo-edge-metrics");
    const { metadata, spec: pod } = one<DaemonSet>(manifests, "DaemonSet", "galgo-edge").spec
      .template;
    assert.deepEqual(spec.ports, [{ name: "metrics", port: 9465, targetPort: 9465 }]);
    assert.deepEqual(pod.containers[0].ports, [{ name: "metrics", containerPort: 9465 }]);
    assert.equal(metadata.annotations["prometheus.io/port"], "9465");
    for (const [key, value] of Object.entries(spec.selector))
      assert.equal(metadata.labels[key], value);
    const closed = rendered();
    assert.ok(closed.every(({ kind }) => kind !== "Service"));
    assert.doesNotMatch(JSON.stringify(closed), /prometheus|9464/);
  });

  it("refuses values that mean nothing", () => {
    const schema = JSON.parse(readFileSync(`${CHART}values.schema.json`, "utf8")) as object;
    const valid = new Ajv({ allErrors: true }).compile(schema);
    assert.equal(valid(defaultValues()), true);
    assert.equal(
      valid({ ...defaultValues(), ...ALL, paths: defaultValues()["paths"] }),
      true,
      JSON.stringify(valid.errors),
    );
    const wrong: readonly Values[] = [
      { onDaemonLoss: "ignore" },
      { profiles: [{ name: "../x" }] },
      { profiles: [] },
      { profiles: [{ name: "web", for: { mode: "strict" } }] },
      { images: { "sha256:12": "web" } },
      { models: { files: { "a/b": "" } } },
      { metrics: { enabled: true, port: 0 } },
      { metrics: { enabled: true, address: "everywhere" } },
      { capabilities: ["ALL"] },
    ];
    for (const values of wrong)
      assert.equal(valid({ ...defaultValues(), ...values }), false, JSON.stringify(values));
    const anonymous = { serviceAccount: { create: false, name: "" } };
    assert.throws(() => chart.render(anonymous), /serviceAccount\.name is needed/);
  });
});
