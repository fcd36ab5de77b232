// SPDX-License-Identifier: Apache-2.0
// What was ordered, and a way to order something for many at once.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { useEach, useList } from "../api/hooks.ts";
import type { CommandRow, CommandTarget, WorkloadSelector } from "../api/types.ts";
import { Ago, Go, Head } from "../parts/bits.tsx";
import { Dialog, Field } from "../parts/dialog.tsx";
import { SearchField } from "../parts/filters.tsx";
import { ListTable } from "../parts/list-table.tsx";
import { order, type Ordered } from "../parts/orders.tsx";
import { count, plural, shown } from "../parts/shown.ts";
import type { Column } from "../parts/table.tsx";
import { go, useChoices } from "../place.ts";
import { useMay } from "../session.ts";

/** How many hosts have answered, and how. */
export function Answers({ of: { hosts } }: { of: CommandRow }): JSX.Element {
  const { total, done, failed, refused, waiting, expired } = hosts;
  const parts: readonly (readonly [string, number])[] = [
    ["passed", done],
    ["bad", failed + refused],
    ["", waiting + expired],
  ];
  const words = `${count(done)} of ${plural(total, "host")} done, ${count(failed)} failed, ${count(refused)} refused, ${count(waiting)} wait, ${count(expired)} too late`;
  return (
    <span class="answers" title={words}>
      <span class="step-bar thin" aria-hidden="true">
        {parts.map(([look, size]) => (
          <i key={look} class={look} style={{ "flex-grow": String(size) }} hidden={size === 0} />
        ))}
      </span>
      <span>
        {count(done)} / {count(total)}
      </span>
    </span>
  );
}

const COLUMNS: readonly Column<CommandRow>[] = [
  {
    id: "words",
    title: "Command",
    size: "minmax(10rem, 2fr)",
    cell: ({ id, kind, words }) => (
      <Go to={["commands", id]} class="cut" title={shown(words)}>
        <strong>{kind}</strong> {shown(words)}
      </Go>
    ),
  },
  { id: "answers", title: "Done", size: "minmax(8rem, 1fr)", cell: (row) => <Answers of={row} /> },
  {
    id: "by",
    title: "By",
    size: "minmax(6rem, 0.7fr)",
    spare: 1,
    cell: ({ by }) => <span class="cut">{shown(by)}</span>,
  },
  {
    id: "issued",
    title: "When",
    size: "6rem",
    number: true,
    spare: 1,
    cell: ({ issued }) => <Ago at={issued} />,
  },
];

export function CommandsPage(): JSX.Element {
  const [choices] = useChoices();
  const listed = useList<CommandRow>("commands", choices, ["command"]);
  useEach<CommandRow>("command", (row) => {
    listed.source.replace(({ id }) => id === row.id, row);
  });
  return (
    <>
      <Head
        title="Commands"
        note="Each is signed by the fleet, checked by the hosts, and recorded."
      >
        <NewCommand />
      </Head>
      <div class="tools">
        <SearchField label="Words or user" />
      </div>
      <ListTable
        label="Commands"
        listed={listed}
        columns={COLUMNS}
        open={({ id }) => go(["commands", id])}
        empty="Nothing was ordered yet."
      />
    </>
  );
}

const KINDS: readonly (readonly [Ordered, string])[] = [
  ["enforce", "Enforce"],
  ["detect", "Detect"],
  ["seal", "Seal"],
  ["attest", "Attest"],
  ["kill", "Kill"],
];
const SELECTORS = [
  ["names", "Workloads by name (* stands for any characters)"],
  ["labels", "Workloads by label (name=value)"],
  ["group", "Workloads of a group of hosts"],
  ["models", "Workloads by digest of their model"],
  ["all", "All workloads of the fleet"],
] as const;
type By = (typeof SELECTORS)[number][0];

function NewCommand(): JSX.Element | null {
  const [open, setOpen] = useState(false);
  if (!useMay("operator")) return null;
  return (
    <>
      <button type="button" class="primary" onClick={() => setOpen(true)}>
        New command …
      </button>
      {open ? <Terms close={() => setOpen(false)} /> : null}
    </>
  );
}

function Terms({ close }: { close: () => void }): JSX.Element {
  const [kind, setKind] = useState<Ordered>("attest");
  const [by, setBy] = useState<By>("names");
  const [value, setValue] = useState("");
  return (
    <Dialog
      title="New command"
      act="Order"
      danger={kind === "kill"}
      close={close}
      done={() => order(kind, targetOf(by, value))}
    >
      <Field name="What">
        <select value={kind} onChange={(event) => setKind(event.currentTarget.value as Ordered)}>
          {KINDS.map(([id, text]) => (
            <option key={id} value={id}>
              {text}
            </option>
          ))}
        </select>
      </Field>
      <Field name="Which">
        <select value={by} onChange={(event) => setBy(event.currentTarget.value as By)}>
          {SELECTORS.map(([id, text]) => (
            <option key={id} value={id}>
              {text}
            </option>
          ))}
        </select>
      </Field>
      {by === "all" ? (
        <p class="bad-text">Every workload of every host.</p>
      ) : (
        <Field name="Value">
          <input required value={value} onInput={(event) => setValue(event.currentTarget.value)} />
        </Field>
      )}
    </Dialog>
  );
}

function targetOf(by: By, text: string): CommandTarget {
  return { hosts: "all", select: selectOf(by, text.trim()) };
}

function selectOf(by: By, text: string): WorkloadSelector {
  const all = text.split(/[\s,]+/).filter((one) => one !== "");
  switch (by) {
    case "names":
      return { names: all };
    case "models":
      return { models: all };
    case "group":
      return { group: text };
    case "all":
      return { all: true };
    case "labels":
      return { labels: Object.fromEntries(all.map(labelOf)) };
  }
}

function labelOf(text: string): readonly [string, string] {
  const at = text.indexOf("=");
  if (at < 1) throw new Error(`“${text}” is no label: write name=value.`);
  return [text.slice(0, at), text.slice(at + 1)];
}
