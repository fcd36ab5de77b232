// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { makeDropIn } from "./drop-in.ts";
import type { DropIn, DropInRequest } from "./drop-in.ts";
import { execFault, execWord, parseExecLine } from "./exec-line.ts";
import { OWN_HEADER, readUnit, Section } from "./unit-files.ts";

const withoutSystemd =
  spawnSync("systemd-analyze", ["--version"]).status === 0 ? false : "needs systemd-analyze";

const root = mkdtempSync(join(tmpdir(), "galgo-units-"));
after(() => rmSync(root, { recursive: true, force: true }));

/** A load path with these files. */
function folder(files: Readonly<Record<string, string>>): string {
  const made = mkdtempSync(join(root, "path-"));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(made, name, ".."), { recursive: true });
    writeFileSync(join(made, name), text);
  }
  return made;
}

const REQUEST: DropInRequest = {
  galgo: ["/usr/bin/true"],
  mode: "enforce",
  model: "/etc/galgo/models/app.galgo.json",
  relax: false,
};

function dropInOf(path: string, name: string, request: Partial<DropInRequest> = {}): DropIn {
  return makeDropIn(readUnit(name, [path]), { ...REQUEST, ...request });
}

describe("a drop-in", () => {
  it("wants the model to be signed where that is asked for", () => {
    const path = folder({ "web.service": "[Service]\nExecStart=/bin/true\n" });
    const keys = ["/etc/galgo/a b.pem", "/etc/galgo/c.pem"];
    const { text } = dropInOf(path, "web", { signature: { keys } });
    const words = '--require-signature --key "/etc/galgo/a b.pem" --key /etc/galgo/c.pem ';
    assert.ok(text.includes(words), text);
    const policy = dropInOf(path, "web", { signature: { policy: "/etc/galgo/trust.json" } }).text;
    assert.ok(policy.includes("--require-signature --policy /etc/galgo/trust.json "), policy);
  });
});

describe("units", () => {
  it("are read as systemd reads them: path, drop-ins, resets, lines that go on", () => {
    const first = folder({
      "app.service.d/10-a.conf": "[Service]\nExecStart=\nExecStart=/bin/first \\\n# no\n  more\n",
      "app.service.d/20-own.conf": `${OWN_HEADER}: x\n[Service]\nExecStart=\n`,
      "web-.service.d/10-a.conf": "[Service]\nUser=web\nGroup=web\n",
      "web-front-.service.d/10-a.conf": "[Service]\nUser=front\n",
      "web-front-1.service": "[Service]\nExecStart=/bin/web\n",
      "app.service.d/30-b.conf": "[Service]\nUser=www-data\n",
    });
    const second = folder({
      "app.service":
        "[Unit]\nUser=x\n[Service]\n;no\nExecStart=/bin/base\nUser=root\nType = notify\n",
      "app.service.d/10-a.conf": "[Service]\nUser=nobody\n",
      "app.service.d/40-c.conf": "[Service]\nUser=\n",
      "worker@.service": "[Service]\nExecStart=/bin/worker %i\n",
      "app.socket": "",
    });
    symlinkSync(join(second, "app.service"), join(second, "other.service"));
    symlinkSync("/dev/null", join(first, "masked.service"));
    const unit = readUnit("other", [first, second]);
    const service = new Section(unit, "Service");
    assert.deepEqual(
      [
        unit.name,
        unit.socket,
        service.all("ExecStart"),
        service.last("User"),
        service.last("Type"),
      ],
      ["app.service", "app.socket", ["/bin/first more"], undefined, "notify"],
    );
    const instance = readUnit("worker@7", [first, second]);
    assert.equal(instance.name, "worker@7.service");
    assert.deepEqual(new Section(instance, "Service").all("ExecStart"), ["/bin/worker %i"]);
    const front = new Section(readUnit("web-front-1", [first]), "Service");
    assert.deepEqual([front.last("User"), front.last("Group")], ["front", undefined]);
    assert.throws(() => readUnit("masked", [first, second]), /is masked/);
    assert.throws(() => readUnit("none", [first, second]), { code: "NO_UNIT" });
    assert.throws(() => readUnit("a b.service", [first]), /not the name of a service/);
    const broken = folder({ "broken.service": "[Service]\nwhat is this\n" });
    assert.throws(() => readUnit("broken", [broken]), /broken\.service: line 2 is neither/);
  });

  it("split command lines only where they have to be", () => {
    assert.deepEqual(parseExecLine("-:/bin/a 'b c' $D"), { prefix: "-:", rest: "/bin/a 'b c' $D" });
    assert.equal(execFault(parseExecLine("/bin/a 'b ; c' \\; \"x;y\" ;z")), undefined);
    assert.match(execFault(parseExecLine("/bin/a ; /bin/b")) ?? "", /one ExecStart=/);
    assert.match(execFault(parseExecLine("@/bin/a b")) ?? "", /"@"/);
    assert.match(execFault(parseExecLine("/bin/$A")) ?? "", /variable/);
    assert.equal(execWord("/plain/x@1"), "/plain/x@1");
    assert.equal(execWord('a b"%$\\'), '"a b\\"%%$$\\\\"');
  });
});

/** Units, with what their drop-ins have to hold. */
const WRAPPED: Readonly<Record<string, readonly [string, RegExp, Partial<DropInRequest>]>> = {
  "watched.service": [
    "Type=simple\nWatchdogSec=5\nExecStart=-/bin/sh -c 'sleep 1; echo $HOME 100%%'",
    /^NotifyAccess=all\nUnsetEnvironment=WATCHDOG_PID$[\s\S]*^ExecStart=-\S+ run .* --enforce .* -- \/bin\/sh -c 'sleep 1; echo \$HOME 100%%'$/m,
    {},
  ],
  "ready.service": [
    "Type=notify\nKillMode=process\nExecStart=/bin/true",
    /^NotifyAccess=all\nKillMode=mixed\nDelegate=yes\nExecStart=\nExecStart=\/usr\/bin\/true run -m \/etc\/galgo\/models\/app\.galgo\.json --detect --on-violation kill --name ready --service --on-exit kill -- \/bin\/true$/m,
    { mode: "detect", onViolation: "kill" },
  ],
  "other.service": [
    "User=www-data\nStateDirectory=other\nExecStart=/bin/true",
    /^LogsDirectory=galgo-units\/other\nLogsDirectoryMode=0700\nUnsetEnvironment=LOGS_DIRECTORY\nEnvironment=GALGO_STATE_DIR=\/var\/log\/galgo-units\/other$/m,
    { mode: "learn", model: "/var/log/galgo-units/other/m.json" },
  ],
  "hard.service": [
    "MemoryDenyWriteExecute=yes\nSystemCallFilter=@system-service\nNoExecPaths=/\nExecPaths=/usr/bin\nExecStart=/bin/true",
    /^MemoryDenyWriteExecute=no\nSystemCallFilter=\nNoExecPaths=\nExecPaths=$/m,
    { relax: true },
  ],
  "full.service": [
    "ProtectSystem=full\nExecStart=/bin/true",
    /can be written while it is learned[\s\S]*^ReadWritePaths=\/etc\/galgo\/models$/m,
    { mode: "learn" },
  ],
  "away.service": [
    "Type=forking\nPIDFile=/run/away.pid\nExecStart=/bin/false -d",
    /^Type=exec\nPIDFile=$[\s\S]* -- \/bin\/true --stay$/m,
    { foreground: "/bin/true --stay" },
  ],
  "twice.service": [
    "Type=oneshot\nExecStartPre=/bin/false\nExecStart=/bin/true 1\nExecStart=/bin/true 2",
    /not under the model: ExecStartPre= \(false\)[\s\S]*-- \/bin\/true 1\nExecStart=.*-- \/bin\/true 2$/m,
    {},
  ],
};

describe("drop-ins", () => {
  it("are understood by systemd, whatever the unit is like", { skip: withoutSystemd }, () => {
    const names = Object.keys(WRAPPED);
    const units = Object.entries(WRAPPED).map(([name, [text]]) => [name, `[Service]\n${text}\n`]);
    const path = folder(Object.fromEntries(units) as Record<string, string>);
    for (const [name, [, wanted, request]] of Object.entries(WRAPPED)) {
      const { text } = dropInOf(path, name, request);
      assert.match(text, wanted, name);
      mkdirSync(join(path, `${name}.d`));
      writeFileSync(join(path, `${name}.d/galgo-run.conf`), text);
      // the same again: what we wrote is not what the unit is
      assert.equal(dropInOf(path, name, request).text, text);
    }
    const env = { ...process.env, SYSTEMD_UNIT_PATH: `${path}:` };
    const verified = spawnSync("systemd-analyze", ["verify", "--man=no", ...names], {
      env,
      encoding: "utf8",
    });
    const said = verified.stderr
      .split("\n")
      .filter((line) => names.some((name) => line.includes(name)));
    assert.deepEqual(said, []);
    writeFileSync(join(path, "twice.service.d/wrong.conf"), "[Service]\nKillMod=mixed\n");
    const wrong = spawnSync("systemd-analyze", ["verify", "--man=no", "twice.service"], {
      env,
      encoding: "utf8",
    });
    assert.match(wrong.stderr, /KillMod/, "systemd-analyze has read the drop-ins");
  });

  it("are refused with every reason", () => {
    const cases: Readonly<Record<string, readonly [string, RegExp]>> = {
      "forks.service": ["Type=forking\nExecStart=/bin/true", /Type=forking: .*--foreground/],
      "named.service": ["ExecStart=@/bin/true other", /prefix "@"/],
      "inside.service": [
        "RootDirectory=/srv\nSystemCallFilter=@basic-io\nKillSignal=SIGWINCH\nExecStart=/bin/true",
        /SIGWINCH.*RootDirectory=.*SystemCallFilter=.*--relax/,
      ],
      "handed.service": ["OpenFile=/etc/passwd\nExecStart=/bin/true", /OpenFile= hands open/],
      "none.service": ["ExecStop=/bin/true", /no ExecStart=/],
      "full.service": [
        "DynamicUser=yes\nStateDirectory=a\nLogsDirectory=b\nCacheDirectory=c\nExecStart=/bin/true",
        /no folder is left/,
      ],
    };
    for (const [name, [text, wanted]] of Object.entries(cases)) {
      const path = folder({ [name]: `[Service]\n${text}\n` });
      assert.throws(() => dropInOf(path, name), wanted, name);
    }
    const socket = "[Unit]\nRequires=web.socket\n[Service]\nExecStart=/bin/true\n";
    const path = folder({ "web.service": socket, "web.socket": "" });
    assert.throws(() => dropInOf(path, "web"), /web\.socket hands over/);
    const homeless = folder({ "web.service": "[Service]\nProtectHome=yes\nExecStart=/bin/true\n" });
    const model = "/home/web/m.json";
    assert.throws(() => dropInOf(homeless, "web", { model }), /ProtectHome= hides \/home\/web/);
    const signature = { keys: ["/home/web/key.pem"] };
    assert.throws(() => dropInOf(homeless, "web", { signature }), /ProtectHome= hides \/home\/web/);
    const plain = folder({ "web.service": "[Service]\nExecStart=/bin/true\n" });
    const broken = { signature: { policy: "/srv/p\nUser=root" } };
    for (const request of [
      { model: "/srv/a\nUser=root" },
      broken,
      { foreground: "/bin/a\nUser=root" },
    ])
      assert.throws(() => dropInOf(plain, "web", request), /can not be written into a unit file/);
    const learned = folder({ "web.service": "[Service]\nUser=www-data\nExecStart=/bin/true\n" });
    assert.throws(() => dropInOf(learned, "web", { mode: "learn" }), /can not write the model/);
  });
});
