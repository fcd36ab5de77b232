// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Fact } from "./facts.ts";
import { judgeSensors, type SensorVerdict } from "./verdicts.ts";

/** Everything that the bpf sensor needs, found to be there; but for some of it what was found instead. */
function verdict(lacking: Readonly<Record<string, string>> = {}): SensorVerdict {
  const ids = [
    ...["arch", "btf", "bpf-functions", "bpf-lsm-active", "bpf-capabilities", "bpf-lsm-load"],
    ...["bpf-libbpf", "bpf-object", "bpf-fs", "bpf-anchor", "bpf-programs", "bpf-leftovers"],
    ...["launcher", "cgroup-kill"],
  ];
  const facts: Fact[] = ids.map((id) => {
    const value = lacking[id];
    return { id, title: id, ok: value === undefined, value: value ?? "yes" };
  });
  facts.push({ id: "kernel", title: "kernel", ok: undefined, value: "6.1.0-40-amd64" });
  const found = judgeSensors(facts).find(({ sensor }) => sensor === "bpf");
  assert.ok(found !== undefined);
  return found;
}

describe("the verdict on the bpf sensor", () => {
  it("is that it works where everything is there", () => {
    assert.deepEqual(verdict(), { sensor: "bpf", usable: true, reasons: [], notes: [] });
  });

  it("names the kernel that is too old, what is missing and what is needed", () => {
    const { usable, reasons } = verdict({
      "bpf-functions": "no bpf_get_file_xattr (Linux 6.8)",
      "bpf-programs": "not reached",
    });
    assert.equal(usable, false);
    assert.equal(reasons.length, 1);
    assert.match(
      reasons[0] ?? "",
      /6\.1\.0-40-amd64\) is too old: Linux 6\.12 or newer is needed.*\(no bpf_get_file_xattr/,
    );
  });

  it("says what to boot with", () => {
    const { reasons } = verdict({ "bpf-lsm-active": "no: lockdown,capability,yama" });
    assert.match(
      reasons.join(),
      /add bpf to the list of the boot parameter lsm=.*\(no: lockdown,capability,yama\)/,
    );
  });

  it("tells a missing right from a machine that forbids it", () => {
    const denied = { "bpf-lsm-load": "EPERM" };
    assert.match(verdict(denied).reasons.join(), /^a BPF security program does not load: .*EPERM/);
    const { reasons } = verdict({ ...denied, "bpf-capabilities": "no CAP_BPF" });
    assert.deepEqual(reasons, ["not permitted: run galgo as root (no CAP_BPF)"]);
  });

  it("is about the programs only where nothing else is in the way", () => {
    assert.match(verdict({ "bpf-programs": "E2BIG" }).reasons.join(), /refuses the programs/);
  });

  it("notes what was left by others, and stays the same", () => {
    const { usable, notes } = verdict({ "bpf-leftovers": "1 namespaces" });
    assert.equal(usable, true);
    assert.match(notes.join(), /Galgos that died/);
  });
});

describe("the verdict on the seccomp sensor", () => {
  const notesWith = (landlock: Fact): string => {
    const [seccomp] = judgeSensors([landlock]);
    assert.equal(seccomp?.sensor, "seccomp");
    return seccomp.notes.join("\n");
  };

  it("notes where a run can have no floor", () => {
    const landlock = { id: "landlock", title: "Landlock" };
    assert.doesNotMatch(notesWith({ ...landlock, ok: true, value: "ABI 7" }), /floor/);
    for (const [ok, value] of [
      [true, "ABI 1"],
      [false, "ENOSYS"],
    ] as const)
      assert.match(
        notesWith({ ...landlock, ok, value }),
        new RegExp(`no run --floor: .*ABI 2.*\\(${value}\\)`),
      );
  });
});
