// SPDX-License-Identifier: Apache-2.0
// Each kind of thing that differs between runs, and beside it what must not be taken for it.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MadeRun, PROGRAM, Taught } from "../../../../test/helpers/made-runs.ts";

type Does = (run: MadeRun, n: number) => void;

let pid = 300;

function aRun(does: Does, n: number): MadeRun {
  pid += 7;
  const run = new MadeRun(pid).reads("/etc/hosts");
  does(run, n);
  return run;
}

/** Things of each run: random text, hex digits, uuids. The same for the same number. */
const text = (alphabet: string, size: number, n: number): string => {
  let seed = n * 7_919 + size;
  return Array.from({ length: size }, () => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return alphabet[Math.floor(seed / 65_536) % alphabet.length];
  }).join("");
};
const LETTERS = "abcdefghijklmnopqrstuvwxyz";
const SUFFIX = `${LETTERS}${LETTERS.toUpperCase()}0123456789`;
const hex = (size: number, n: number): string => text("0123456789abcdef", size, n);
const mkstemp = (n: number, size = 6): string => text(SUFFIX, size, n);
const tempfile = (n: number): string => text(`${LETTERS}0123456789_`, 8, n);
const uuid = (n: number): string =>
  [8, 4, 4, 4, 12].map((size) => hex(size, n + 50 * size)).join("-");

interface Case {
  readonly what: string;
  readonly does: Does;
  /** Rules that are found, in words. */
  readonly rules: readonly RegExp[];
  /** Must stay outside. */
  readonly attacks: Readonly<Record<string, Does>>;
}

const SHADOW: Readonly<Record<string, Does>> = {
  "reading /etc/shadow": (run) => run.reads("/etc/shadow"),
};

const CASES: readonly Case[] = [
  {
    what: "the number of the process in a name",
    does: (run) => run.reads(`/run/app/app.${run.pid}.lock`),
    rules: [/^names like \/run\/app\/app\.\{pid\}\.lock /],
    attacks: {
      "the file of another process": (run) => run.reads("/run/app/app.1.lock"),
      "another file": (run) => run.reads(`/run/app/key.${run.pid}.lock`),
    },
  },
  {
    what: "the number of another process in a name",
    does: (run, n) => run.reads(`/run/app/conf${1000 + 7 * n}.dir/conftest.c`),
    rules: [/^names like \/run\/app\/conf\{n\}\.dir\/ /],
    attacks: { "another file": (run) => run.reads("/run/app/conf5.dir/passwd"), ...SHADOW },
  },
  {
    what: "random endings of mkstemp",
    does: (run, n) => run.reads("/srv/app/tmp/config").reads(`/srv/app/tmp/sess-${mkstemp(n)}`),
    rules: [/^names like \/srv\/app\/tmp\/sess-\{tmp\} /],
    attacks: {
      "another name of the directory": (run) => run.reads("/srv/app/tmp/secret"),
      "a longer name": (run) => run.reads(`/srv/app/tmp/sess-${mkstemp(9, 13)}`),
      "removing what was only read": (run) => run.removes(`/srv/app/tmp/sess-${mkstemp(9)}`),
    },
  },
  {
    what: "names of python's tempfile",
    does: (run, n) => run.reads(`/srv/app/tmp/tmp${tempfile(n)}`).reads("/srv/app/tmp/config"),
    rules: [/^names like \/srv\/app\/tmp\/tmp\{id:8\} /],
    attacks: { "another name": (run) => run.reads("/srv/app/tmp/password") },
  },
  {
    what: "a directory of mktemp -d, with the same inside",
    does: (run, n) => {
      for (const name of ["in/a", "in/b", "log"])
        run.reads(`/home/me/tmp/tmp.${mkstemp(n, 10)}/${name}`);
    },
    rules: [/^names like \/home\/me\/tmp\/tmp\.\{tmp\}\/ /],
    attacks: {
      "another file inside": (run) => run.reads(`/home/me/tmp/tmp.${mkstemp(9, 10)}/key`),
      "out of it": (run) => run.reads(`/home/me/tmp/tmp.${mkstemp(9, 10)}/../log`),
    },
  },
  {
    what: "objects named by digests, in folders of two digits",
    does: (run, n) => {
      for (const i of [1, 2, 3])
        run.reads(`/srv/repo/objects/${hex(2, n * 9 + i)}/${hex(38, n * 9 + i)}`);
    },
    rules: [/^names like \/srv\/repo\/objects\/\{hex:2\}\/\{hex:38\} /],
    attacks: {
      "a name that is no digest": (run) => run.reads("/srv/repo/objects/ab/config"),
      "another folder": (run) => run.reads(`/srv/repo/hooks/${hex(2, 9)}/${hex(38, 9)}`),
    },
  },
  {
    what: "uuids, and dates with times",
    does: (run, n) =>
      run
        .reads(`/srv/app/jobs/${uuid(n)}.json`)
        .reads(`/srv/app/backup/2026-03-0${n}T04:14:2${n}/data`),
    rules: [
      /^names like \/srv\/app\/backup\/\{time\}\/ /,
      /^names like \/srv\/app\/jobs\/\{uuid\}\.json /,
    ],
    attacks: {
      "no date": (run) => run.reads("/srv/app/backup/keys/data"),
      "another file of that day": (run) => run.reads("/srv/app/backup/2026-03-09T04:14:29/keys"),
    },
  },
  {
    what: "how many numbered things there are",
    does: (run, n) => {
      for (let i = 0; i <= (n * 3) % 7; i++) run.reads(`/srv/app/queue/worker-${i}`);
    },
    rules: [/^names like \/srv\/app\/queue\/worker-\{n\} /],
    attacks: { "another file": (run) => run.reads("/srv/app/queue/worker-key") },
  },
  {
    what: "numbers in capital hex digits",
    does: (run, n) => {
      for (const end of [1, 2 + n, 10 + n])
        run.reads(`/srv/pg/wal/${end.toString(16).toUpperCase().padStart(24, "0")}`);
    },
    rules: [/^names like \/srv\/pg\/wal\/0*\{id:\d+\} /],
    attacks: { "another file": (run) => run.reads("/srv/pg/wal/archive_status") },
  },
  {
    what: "a folder for each run, whatever its name",
    does: (run, n) => {
      const folder = `/srv/jobs/${["apple", "pear", "plum", "fig"][n % 4]}`;
      for (const name of ["in", "out", "lib/x"]) run.reads(`${folder}/${name}`);
    },
    rules: [/^names like \/srv\/jobs\/\{name\}\/ /],
    attacks: { "what no folder had": (run) => run.reads("/srv/jobs/fig/.ssh/id_ed25519") },
  },
  {
    what: "names of unix sockets, also abstract ones",
    does: (run, n) =>
      run.bindsUnix(`/srv/app/run/listener-${tempfile(n)}`).bindsUnix(`\0agent-${mkstemp(n, 10)}`),
    rules: [/^names like \/srv\/app\/run\/listener-\{tmp\} /, /^names like "?@agent-\{tmp\}"? /],
    attacks: {
      "another socket": (run) => run.bindsUnix("/srv/app/run/control"),
      "an abstract one as a file": (run) => run.bindsUnix(`/agent-${mkstemp(9, 10)}`),
    },
  },
  {
    what: "what symbolic links lead to",
    does: (run, n) => run.links(`releases/${hex(40, n)}`, "/srv/app/current"),
    rules: [/^names like releases\/\{hex:40\} /],
    attacks: { "another target": (run) => run.links("/etc", "/srv/app/current") },
  },
  {
    what: "the content of data",
    does: (run, n) => run.reads("/srv/app/data.bin", { digest: hex(64, n) }),
    rules: [/^the content of \/srv\/app\/data\.bin is ignored /],
    attacks: {
      "running it": (run) => run.reads("/srv/app/data.bin", { flags: 0x8020, digest: hex(64, 9) }),
      "other content of another file": (run) => run.reads("/etc/hosts", { digest: hex(64, 9) }),
    },
  },
  {
    what: "a file that one run makes and another finds",
    does: (run, n) => {
      if (n % 3 === 1) run.readsOwn("/srv/app/stamp");
      else run.reads("/srv/app/stamp", { digest: hex(64, n) });
      if (n % 3 === 2) run.removes("/srv/app/stamp");
      if (n === 4) run.removesOwn("/srv/app/stamp");
    },
    rules: [/^who made \/srv\/app\/stamp is ignored, /],
    attacks: {
      "another file": (run) => run.reads("/srv/app/key"),
      "another file that it made": (run) => run.readsOwn("/srv/app/other"),
      "running it": (run) => run.reads("/srv/app/stamp", { flags: 0x8020 }),
    },
  },
  {
    what: "ports that are chosen by chance",
    does: (run, n) => run.connects("127.0.0.1", 20_000 + 811 * n).binds("127.0.0.1", 8080),
    rules: [RegExp(`^ports 1024 to 32767 that ${PROGRAM} connects to `)],
    attacks: {
      "another host": (run) => run.connects("10.9.8.7", 20_500),
      "a port that is somebody's": (run) => run.connects("127.0.0.1", 22),
      "binding such a port": (run) => run.binds("127.0.0.1", 20_500),
      "another program": (run) => run.exec("/usr/bin/nc").connects("127.0.0.1", 20_500),
    },
  },
  {
    what: "hosts of one network",
    does: (run, n) => run.connects(`192.0.2.${10 + n}`, 443),
    rules: [RegExp(`^addresses in 192\\.0\\.2\\.0/24 that ${PROGRAM} connects to `)],
    attacks: {
      "another network": (run) => run.connects("198.51.100.7", 443),
      "another port": (run) => run.connects("192.0.2.10", 25),
    },
  },
];

describe("what differs between runs", () => {
  for (const { what, does, rules, attacks } of CASES) {
    it(`becomes a rule: ${what}`, () => {
      const taught = new Taught([1, 2, 3].map((n) => aRun(does, n)));
      assert.equal(taught.words.length, rules.length, taught.words.join("\n"));
      for (const [i, rule] of rules.entries()) assert.match(taught.words[i] ?? "", rule);
      for (const n of [4, 5, 6]) assert.equal(taught.unknown(aRun(does, n)), 0, `run ${n}`);
      for (const [name, attack] of Object.entries({ ...attacks, ...SHADOW }))
        assert.equal(taught.unknown(aRun(attack, 4)) > 0, true, name);
    });
  }

  it("rests on what was met, in which runs", () => {
    const runs = [1, 2, 3].map((n) => aRun((run) => run.reads(`/run/app/${n * 11}.sock`), n));
    const [rule] = new Taught(runs).learned.rules;
    assert.ok(rule !== undefined && "evidence" in rule);
    assert.deepEqual(rule.evidence, {
      runs: runs.map(({ run }) => run.id).sort(),
      distinct: 3,
      values: ["/run/app/11.sock", "/run/app/22.sock", "/run/app/33.sock"],
    });
  });

  it("is the same model whatever the order of the runs, and however often one is given", () => {
    const does: Does = (run, n) => {
      for (const { does: each } of CASES) each(run, n);
    };
    const runs = [1, 2, 3, 4].map((n) => aRun(does, n));
    const model = JSON.stringify(new Taught(runs).learned.model);
    for (const order of [
      [3, 2, 1, 0],
      [1, 3, 0, 2],
      [2, 0, 3, 1, 2, 0],
    ]) {
      const given = order.flatMap((i) => runs[i] ?? []);
      assert.equal(JSON.stringify(new Taught(given).learned.model), model);
    }
  });
});

describe("the day of the run", () => {
  const onDay = (day: string, path: string): MadeRun => {
    pid += 7;
    return new MadeRun(pid, PROGRAM, `${day}T09:10:11.000Z`).reads(path);
  };

  it("is a date, though all runs of that day have the same", () => {
    for (const name of ["log-2026-03-04.txt", "20260304/log", "2026-03/log"]) {
      const taught = new Taught([1, 2, 3].map(() => onDay("2026-03-04", `/srv/app/${name}`)));
      assert.equal(taught.words.length, 1, name);
      const later = name.replace(/2026-?03(-?)(?:04)?/, (date) => date.replace("03", "04"));
      assert.equal(taught.unknown(onDay("2026-04-04", `/srv/app/${later}`)), 0, later);
      assert.equal(taught.unknown(onDay("2026-04-04", "/srv/app/key")), 1);
    }
  });

  it("is no other date", () => {
    const runs = [1, 2, 3].map(() => onDay("2026-03-04", "/srv/app/release-2019-01-02/lib"));
    assert.deepEqual(new Taught(runs).words, []);
  });
});

describe("what differs and is no rule", () => {
  const noRule = (does: Does, why?: RegExp): void => {
    const { learned, words } = new Taught([1, 2, 3].map((n) => aRun(does, n)));
    assert.deepEqual(words, []);
    assert.equal(learned.varying.length, why === undefined ? 0 : 1);
    const [first] = learned.varying;
    if (why !== undefined) assert.match(`${first?.what}: ${first?.why}`, why);
  };

  it("names that are words", () =>
    noRule(
      (run, n) =>
        run.reads("/srv/app/users/all").reads(`/srv/app/users/${["ann", "bob", "eve", "joe"][n]}`),
      /^names in \/srv\/app\/users: .*bob, eve.*: they differ/,
    ));

  it("the content of programs and libraries", () =>
    noRule(
      (run, n) => run.reads("/srv/app/tool", { flags: 0x8020, digest: hex(64, n) }),
      /tool.*: the content of a program .*--rule program:/,
    ));

  it("the content of scripts and of what may be executed", () => {
    noRule((run, n) => run.reads("/srv/app/job.py", { digest: hex(64, n) }), /no-digest/);
    const inode = { uid: 0, gid: 0, mode: 0o100755, sMagic: 0xef53 };
    noRule((run, n) => run.reads("/srv/app/job", { inode, digest: hex(64, n) }), /no-digest/);
  });

  it("ports that need a right, hosts of many networks", () => {
    noRule((run, n) => run.connects("192.0.2.1", 20 + n), /ports below 1024/);
    noRule((run, n) => run.connects(`192.0.${n}.1`, 443), /not of one network/);
  });

  it("terminals by their number, which are other people's, too", () =>
    noRule((run, n) => run.reads(`/dev/pts/${n + 2}`), /^names like \/dev\/pts\/\{n\}: /));

  it("what one run did and another did not", () => {
    noRule((run, n) => {
      if (n === 2) run.reads("/srv/app/late");
      if (n > 1) run.reads("/srv/app/1.log");
    });
  });

  it("names that all runs have, however random they look", () =>
    noRule((run) => run.reads(`/srv/app/${hex(40, 5)}/${mkstemp(5)}`)));

  it("names that no behaviour of two runs has in common", () => {
    noRule((run, n) => {
      const path = `/srv/app/${n + 20}.log`;
      if (n === 1) run.reads(path);
      else if (n === 2) run.removes(path);
      else run.bindsUnix(path);
    });
  });
});
