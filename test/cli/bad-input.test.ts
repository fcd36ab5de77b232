// SPDX-License-Identifier: Apache-2.0
// Wrong words, wrong files, wrong places: one clear line on stderr, the right exit status, nothing half-written.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { describe, it } from "node:test";
import { stringifyWorkloadModel } from "../../src/model/index.ts";
import type { WorkloadModel } from "../../src/model/index.ts";
import { seccompFidelity } from "../../src/sensor/seccomp/index.ts";
import { openRecord } from "../helpers/kernel-records.ts";
import { aModel } from "../helpers/models.ts";
import { Place } from "./galgo.ts";
import type { Outcome } from "./galgo.ts";

const MARKER = "the command ran";

function complaint(outcome: Outcome, status: number, pattern: RegExp): void {
  assert.equal(outcome.status, status, outcome.stderr);
  assert.match(outcome.stderr, pattern);
  assert.equal(outcome.stdout, "");
  const lines = outcome.stderr.trimEnd().split("\n");
  assert.equal(lines.length, 1, outcome.stderr);
  assert.match(lines[0] ?? "", /^galgo: /);
}

/** A model that this machine could have learned. */
function usableModel(changes: Parameters<typeof aModel>[0] = {}): WorkloadModel {
  return aModel({ fidelity: seccompFidelity([]), ...changes });
}

function modelText(
  change: (model: { spec: Record<string, unknown> } & Record<string, unknown>) => void,
): string {
  const model = JSON.parse(stringifyWorkloadModel(usableModel()));
  change(model);
  return JSON.stringify(model);
}

const COMMAND = ["--", "sh", "-c", `echo ${MARKER}`] as const;

describe("wrong words", { concurrency: 2 }, () => {
  const cases: [string, string[], RegExp][] = [
    ["an unknown command", ["modle"], /unknown command 'modle'.*model/],
    ["an unknown option", ["run", "--enforse", "--", "true"], /unknown option '--enforse'/],
    ["no command to run", ["run"], /missing required argument/],
    [
      "both modes",
      ["run", "-m", "x", "--enforce", "--detect", "--", "true"],
      /cannot be used with/,
    ],
    [
      "a policy that nothing would follow",
      ["run", "--on-violation", "kill", "--", "true"],
      /--on-violation kill needs --enforce/,
    ],
    [
      "a cgroup to join with a sensor that can not",
      ["run", "--cgroup", "/x"],
      /--cgroup and --pid need --sensor bpf/,
    ],
    [
      "two things to join",
      ["learn", "--sensor", "bpf", "--cgroup", "/x", "--pid", "1"],
      /--cgroup and --pid exclude each other/,
    ],
    [
      "a command and something to join",
      ["run", "--sensor", "bpf", "--pid", "1", "--", "true"],
      /either a command is started, or what runs already is modeled/,
    ],
    [
      "a cgroup that is none",
      ["run", "--sensor", "bpf", "--cgroup", "/no/such"],
      /\/no\/such is no cgroup \(version 2\)/,
    ],
    [
      "a process that is not there",
      ["run", "--sensor", "bpf", "--pid", "4194305"],
      /there is no process 4194305/,
    ],
    [
      "several runs of what is only joined",
      ["learn", "--runs", "2", "--sensor", "bpf", "--pid", "1"],
      /--runs 2 needs a command/,
    ],
    [
      "a rule that is none",
      ["learn", "--rule", "ports:/usr/bin/x:bind:90-80", "--", "true"],
      /--rule: the rule ports:\/usr\/bin\/x:bind:90-80 is wrong: from is above to; write ports:PROGRAM/,
    ],
    [
      "a rule for what makes nothing equal",
      ["learn", "--profile", "exact", "--rule", "no-digest:/x", "--", "true"],
      /--rule: the profile exact makes nothing equal/,
    ],
    ["a cleanup that only sets free", ["doctor", "--set-free"], /--set-free needs --cleanup/],
    [
      "an unknown policy",
      ["run", "--on-violation", "ask", "--", "true"],
      /Allowed choices are deny, kill, observe/,
    ],
    [
      "a TPM that is a file",
      ["tpm", "show", "--tpm", "/proc/self/environ"],
      /no TPM at \/proc\/self\/environ: /,
    ],
    [
      "keys of a TPM without an end",
      ["tpm", "challenge", "/dev/zero", "--any-maker", "--expect", "/nowhere/expect.json"],
      /\/dev\/zero is larger than \d+ bytes/,
    ],
    ["no number", ["learn", "--runs", "zero", "--", "true"], /whole number/],
    ["a bad name", ["run", "--name", "../x", "--", "true"], /can not name a workload/],
    ["something that is not shown", ["show", "x", "everything"], /Allowed choices are state/],
    ["enforcing without a model", ["run", "--enforce", "--", "true"], /--enforce needs a model/],
    ["nothing that is to be shown", ["show", "x"], /missing required argument 'what'/],
    [
      "what only a console shows",
      ["show", "x", "map"],
      /map can only be asked with --quixote-socket/,
    ],
    [
      "an earlier run of what is running",
      ["show", "--quixote-socket", "/nowhere/wl", "state", "--run", "x"],
      /'--quixote-socket <path>' cannot be used with option '--run <id>'/,
    ],
    [
      "a socket that is not there",
      ["show", "--quixote-socket", "/nowhere/wl", "state"],
      /no management socket at \/nowhere\/wl \(ENOENT\)/,
    ],
    [
      "a directory of sockets without a name",
      ["show", "--quixote-socket", "/", "state"],
      /what to ask is one of state, .*before it, the name of the workload/,
    ],
    [
      "a directory that others may write to",
      ["run", "--quixote-socket", "/dev/null", "--", "true"],
      /can not hold a management socket/,
    ],
    [
      "a folder without a run",
      ["show", "/proc", "state"],
      /no run is kept in \/proc: it holds no run\.json/,
    ],
    [
      "records that are not there",
      ["model", "pseudonym", "--trajectory", "none"],
      /^galgo: can not read none \(ENOENT\)\n$/,
    ],
    [
      "a folder of records",
      ["model", "pseudonym", "--trajectory", "/proc"],
      /^galgo: can not read \/proc \(EISDIR\)\n$/,
    ],
    ["a run that never was", ["show", "nothing-here", "state"], /no run named nothing-here/],
    ["a violation of a run that never was", ["why", "nothing-here"], /no run named nothing-here/],
  ];
  for (const [title, args, pattern] of cases) {
    it(`${title}: one line and status 125`, async (t) => {
      complaint(await new Place(t).galgo(...args), 125, pattern);
    });
  }

  it("comparing models fails with 2, since 1 is an answer", async (t) => {
    const place = new Place(t);
    complaint(
      await place.galgo("model", "diff", "a", "b"),
      2,
      /can not read the model a \(ENOENT\)/,
    );
    complaint(await place.galgo("model", "diff", "a"), 2, /missing required argument/);
    complaint(await place.galgo("model", "lint", "a"), 2, /can not read the model a/);
  });
});

describe("wrong models", { concurrency: 2 }, () => {
  const cases: [string, string | undefined, RegExp][] = [
    ["missing", undefined, /can not read the model m\.json \(ENOENT\); galgo learn/],
    ["not JSON", "{", /m\.json is not JSON/],
    ["empty", "", /m\.json is not JSON/],
    [
      "with an unknown field",
      modelText((model) => Object.assign(model.spec, { extra: 1 })),
      /m\.json.*extra/,
    ],
    [
      "of an unknown mapping",
      modelText((model) => Object.assign(model.spec, { mapping: "tsem-v9" })),
      /mapping tsem-v9/,
    ],
    ["changed by hand", modelText((model) => Object.assign(model.spec, { points: [] })), /m\.json/],
    [
      "not sealed",
      stringifyWorkloadModel(usableModel({ sealed: false })),
      /not sealed, so it can not be enforced; galgo model seal/,
    ],
    [
      "learned with a sensor that sees more",
      stringifyWorkloadModel(
        usableModel({
          fidelity: {
            ...seccompFidelity([]),
            sees: [...seccompFidelity([]).sees, "bprm_committed_creds"],
          },
        }),
      ),
      /weaker.*not seen here: bprm_committed_creds.*--allow-weaker/,
    ],
    [
      "learned with another sensor",
      stringifyWorkloadModel(usableModel({ fidelity: { ...seccompFidelity([]), sensor: "bpf" } })),
      /learned with the sensor bpf, this run has seccomp/,
    ],
  ];
  for (const [title, text, pattern] of cases) {
    it(`${title}: refused before anything runs`, async (t) => {
      const place = new Place(t);
      if (text !== undefined) place.write("m.json", text);
      complaint(await place.galgo("run", "-m", "m.json", "--enforce", ...COMMAND), 125, pattern);
      assert.ok(!existsSync(place.state));
    });
  }
});

describe("commands that can not be started", { concurrency: 2 }, () => {
  const cases: [string, (place: Place) => string, number, RegExp][] = [
    ["not found along PATH", () => "no-such-command-here", 127, /not found/],
    ["not found at its path", () => "./nothing", 127, /not found: no such file/],
    ["without the mode bit", (place) => place.write("plain", "x"), 126, /not an executable file/],
    ["a folder", (place) => place.folder, 126, /not an executable file/],
    [
      "an interpreter that is missing",
      (place) => place.write("script", "#!/no/such\n", 0o755),
      127,
      /interpreter does not exist/,
    ],
    [
      "neither program nor script",
      (place) => place.write("text", "hello\n", 0o755),
      126,
      /neither a program nor a script/,
    ],
  ];
  for (const [title, make, status, pattern] of cases) {
    it(`${title}: status ${status}`, async (t) => {
      const place = new Place(t);
      complaint(await place.galgo("run", "--", make(place)), status, pattern);
    });
  }
});

describe("places that can not be written", () => {
  it("are found out before a workload is learned", async (t) => {
    const place = new Place(t);
    mkdirSync(place.path("folder"));
    for (const output of ["no/such/model.json", "folder", "/proc/model.json"]) {
      complaint(
        await place.galgo("learn", "-o", output, ...COMMAND),
        125,
        /can not write .*-o FILE/,
      );
    }
    assert.deepEqual(place.files(), ["folder"]);
  });

  it("are found out before a workload is run", async (t) => {
    const place = new Place(t);
    place.write("state", "a file where the state directory should be");
    complaint(
      await place.galgo("run", ...COMMAND),
      125,
      /can not write to the state directory.*GALGO_STATE_DIR/,
    );
  });
});

describe("a standard output that is full", { concurrency: 2 }, () => {
  const record = openRecord("/etc/a");
  for (const args of [
    ["replay", "s", "--coefficients"],
    ["replay", "s", "--state"],
    ["show", "s", "state"],
    ["show", "s", "trajectory"],
    ["model", "pseudonym", "/a"],
  ]) {
    it(`is an error: galgo ${args.join(" ")}`, async (t) => {
      const place = new Place(t);
      place.write("s", `${record}\n`);
      const full = ["sh", "-c", 'exec "$@" > /dev/full', "sh"];
      complaint(await place.wrapped(full, args).ended, 125, /can not write to stdout \(ENOSPC\)/);
    });
  }
});

describe("a model that can not be used", () => {
  it("can be announced as weaker and used all the same", async (t) => {
    const place = new Place(t);
    const fidelity = {
      ...seccompFidelity([]),
      sees: [...seccompFidelity([]).sees, "bprm_committed_creds" as const],
    };
    place.write("m.json", stringifyWorkloadModel(usableModel({ fidelity })));
    const { status, stderr, stdout } = await place.galgo(
      "run",
      "-m",
      "m.json",
      "--allow-weaker",
      ...COMMAND,
    );
    assert.equal(status, 0, stderr);
    assert.equal(stdout, `${MARKER}\n`);
    assert.match(
      stderr,
      /weaker than the model was learned with: not seen here: bprm_committed_creds/,
    );
  });

  it("is not sealed when events were lost, unless that is said", async (t) => {
    const place = new Place(t);
    const completeness = { runs: 1, eventsSeen: 10, eventsLost: 2, saturation: [] };
    place.write("m.json", stringifyWorkloadModel(usableModel({ sealed: false, completeness })));
    const before = readFileSync(place.path("m.json"), "utf8");
    complaint(
      await place.galgo("model", "seal", "m.json"),
      125,
      /2 events were lost.*--allow-loss/,
    );
    assert.equal(readFileSync(place.path("m.json"), "utf8"), before);
    const sealed = await place.galgo("model", "seal", "m.json", "--allow-loss");
    assert.equal(sealed.status, 0);
    assert.match(readFileSync(place.path("m.json"), "utf8"), /"sealed": true/);
    assert.deepEqual(place.files(), ["m.json"]);
  });
});

describe("help and version", () => {
  it("are data: on stdout, with status 0", async (t) => {
    const place = new Place(t);
    const help = await place.galgo("--help");
    assert.equal(help.status, 0);
    assert.match(help.stdout, /quickstart/);
    assert.equal(help.stderr, "");
    const version = await place.galgo("--version");
    assert.match(version.stdout, /^\d+\.\d+\.\d+\n$/);
  });
});

describe("records that are damaged", () => {
  it("are reported with their line", async (t) => {
    const place = new Place(t);
    writeFileSync(place.path("r.jsonl"), '{"no": "event"}\n');
    complaint(await place.galgo("show", "./r.jsonl", "trajectory"), 125, /r\.jsonl: line 1: /);
  });
});
