// SPDX-License-Identifier: Apache-2.0
// Writes src/sensor/bpf/layout.gen.ts, what the kernel programs and user space share (bpf/wire.h), from the type information of
// the built object. With --check: only says, by its exit status, whether the file is fresh. Builds the object first where the tools are.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { isHookName } from "../src/event/index.ts";
import { type BpfObjectFacts, type BtfStruct, readBpfObject } from "./bpf-object.ts";

const ROOT = resolve(import.meta.dirname, "..");
const OBJECT = join(ROOT, "dist/bpf/galgo.bpf.o");
const TARGET = join(ROOT, "src/sensor/bpf/layout.gen.ts");

/** Structs of the wire: name in C, name in TypeScript, and the members that user space looks at where not all of them are. */
const STRUCTS: readonly (readonly [string, string, (readonly string[])?])[] = [
  ["galgo_config", "CONFIG"],
  ["galgo_namespace", "NAMESPACE"],
  ["galgo_entry", "ENTRY"],
  ["galgo_bucket", "BUCKET"],
  ["galgo_who", "WHO"],
  ["galgo_what", "WHAT"],
  ["galgo_object", "OBJECT"],
  ["galgo_creation", "CREATION"],
  ["galgo_content", "CONTENT"],
  ["galgo_directory", "DIRECTORY"],
  ["galgo_level", "LEVEL"],
  ["galgo_extra", "EXTRA"],
  ["galgo_record", "RECORD"],
  ["galgo_path", "PATH"],
  ["galgo_answer", "ANSWER"],
  ["galgo_mark", "MARK"],
  ["galgo_key_request", "KEY_REQUEST"],
  // of a task only what user space writes when it marks one
  ["galgo_task", "TASK", ["slot", "serial", "identity", "untrusted", "protect"]],
];

/** Enums of the wire: name in C, name in TypeScript, what the names of their members begin with. */
const ENUMS: readonly (readonly [string, string, string])[] = [
  ["galgo_limits", "Limit", "GALGO_"],
  ["galgo_namespace_flags", "NamespaceFlag", "GALGO_NS_"],
  ["galgo_rules", "RuleFlag", "GALGO_RULE_"],
  ["galgo_identity", "IdentityNumber", "GALGO_IDENTITY_"],
  ["galgo_object_state", "ObjectState", "GALGO_OBJECT_"],
  ["galgo_record_flags", "RecordFlag", "GALGO_RECORD_"],
  ["galgo_path_flags", "PathFlag", "GALGO_PATH_"],
  ["galgo_answer_flags", "AnswerFlag", "GALGO_ANSWER_"],
  ["galgo_target_flags", "TargetFlag", "GALGO_TARGET_"],
  ["galgo_present", "Present", "GALGO_HAS_"],
];

const HOOK_PREFIX = "GALGO_HOOK_";
const PROGRAM_PREFIX = "galgo_";
const ATOMIC_SECTION = "lsm/";
const LINE_WIDTH = 100;

function camel(name: string): string {
  return name.toLowerCase().replace(/_([a-z0-9])/g, (_, first: string) => first.toUpperCase());
}

function needed<T>(value: T | undefined, what: string): T {
  if (value === undefined)
    throw new Error(`${what} is not in the object; bpf/layout.h says how it gets there`);
  return value;
}

function structText(name: string, struct: BtfStruct, only: readonly string[] | undefined): string {
  const wanted = struct.members.filter(
    (member) => !member.name.startsWith("pad") && (only?.includes(member.name) ?? true),
  );
  const list = (value: (member: (typeof wanted)[number]) => number): string =>
    wanted.map((member) => `    ${camel(member.name)}: ${value(member)},`).join("\n");
  return `/** struct ${name} */
export const ${STRUCTS.find(([c]) => c === name)?.[1]} = {
  bytes: ${struct.bytes},
  at: {
${list((member) => member.offset)}
  },
  size: {
${list((member) => member.bytes)}
  },
} as const;`;
}

function enumText(facts: BpfObjectFacts, [name, ts, prefix]: (typeof ENUMS)[number]): string {
  const members = needed(facts.enums.get(name), `enum ${name}`).map(([member, value]) => {
    if (!member.startsWith(prefix)) throw new Error(`${member} does not begin with ${prefix}`);
    return `  ${camel(member.slice(prefix.length))}: ${value},`;
  });
  return `/** enum ${name} */\nexport const ${ts} = {\n${members.join("\n")}\n} as const;`;
}

function listText(name: string, comment: string, values: readonly string[]): string {
  const one = `export const ${name}: readonly HookName[] = [${values.map((v) => `"${v}"`).join(", ")}];`;
  const text =
    one.length <= LINE_WIDTH
      ? one
      : `export const ${name}: readonly HookName[] = [\n${values.map((v) => `  "${v}",`).join("\n")}\n];`;
  return `/** ${comment} */\n${text}`;
}

function hooksOf(facts: BpfObjectFacts): readonly string[] {
  const names = needed(facts.enums.get("galgo_hook"), "enum galgo_hook")
    .map(([name]) => name)
    .filter((name) => name.startsWith(HOOK_PREFIX) && name !== `${HOOK_PREFIX}COUNT`)
    .map((name) => name.slice(HOOK_PREFIX.length));
  for (const name of names) {
    if (!isHookName(name)) throw new Error(`${name} is no hook of the vocabulary (src/event)`);
  }
  return names;
}

/** A program is named after its hook, where it has one of its own. */
function atomicHooks({ functions }: BpfObjectFacts): readonly string[] {
  return functions
    .filter(({ section }) => section.startsWith(ATOMIC_SECTION))
    .map(({ name }) => name.slice(PROGRAM_PREFIX.length))
    .filter(isHookName)
    .sort();
}

function render(facts: BpfObjectFacts): string {
  const structs = STRUCTS.map(([name, , only]) =>
    structText(name, needed(facts.structs.get(name), `struct ${name}`), only),
  );
  return `// SPDX-License-Identifier: Apache-2.0
// Made by scripts/gen-bpf-layout.ts from the type information of the kernel programs: offsets (at) and sizes (size) in bytes.
import type { HookName } from "../../event/event.ts";

${structs.join("\n\n")}

${ENUMS.map((spec) => enumText(facts, spec)).join("\n\n")}

${listText("KERNEL_HOOKS", "By number, as it stands in records and descriptions.", hooksOf(facts))}

${listText("ATOMIC_HOOKS", "Those whose programs can not wait for an answer.", atomicHooks(facts))}
`;
}

const check = process.argv.includes("--check");
const build = spawnSync("sh", [join(ROOT, "bpf/build.sh")], { encoding: "utf8" });
if (build.status !== 0) {
  console.error(`${build.stderr}the kernel programs can not be built`);
  process.exitCode = 1;
} else if (!existsSync(OBJECT)) {
  // those who only change TypeScript need no compiler for the kernel side
  console.log(`${build.stderr.trimEnd()}; ${TARGET} is not compared`);
  process.exitCode = check ? 0 : 1;
} else {
  const text = render(readBpfObject(readFileSync(OBJECT)));
  if (!check) {
    writeFileSync(TARGET, text);
  } else if (!existsSync(TARGET) || readFileSync(TARGET, "utf8") !== text) {
    console.error(`${TARGET} is stale: node --import tsx scripts/gen-bpf-layout.ts`);
    process.exitCode = 1;
  }
}
