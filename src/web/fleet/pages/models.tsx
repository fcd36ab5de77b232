// SPDX-License-Identifier: Apache-2.0
// All models that the fleet gives out, and the way in for new ones.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { send } from "../api/client.ts";
import { uploadInit } from "../api/upload.ts";
import { useList } from "../api/hooks.ts";
import type { ModelRow } from "../api/types.ts";
import { Ago, Go, Head } from "../parts/bits.tsx";
import { Dialog, Field } from "../parts/dialog.tsx";
import { SearchField } from "../parts/filters.tsx";
import { ListTable } from "../parts/list-table.tsx";
import { brief, count, plural, short, shown } from "../parts/shown.ts";
import type { Column } from "../parts/table.tsx";
import { go, useChoices } from "../place.ts";
import { useMay } from "../session.ts";

const COLUMNS: readonly Column<ModelRow>[] = [
  {
    id: "name",
    title: "Model",
    size: "minmax(9rem, 1.5fr)",
    sort: "name",
    cell: ({ digest, name, version }) => (
      <Go to={["models", digest]} class="cut strong">
        {shown(name)} <span class="muted">version {count(version)}</span>
      </Go>
    ),
  },
  {
    id: "digest",
    title: "Digest",
    size: "8.5rem",
    spare: 1,
    cell: ({ digest }) => <code title={digest}>{short(digest)}</code>,
  },
  {
    id: "behaviours",
    title: "Behaviours",
    size: "6.5rem",
    number: true,
    spare: 1,
    cell: ({ behaviours }) => brief(behaviours),
  },
  {
    id: "workloads",
    title: "Workloads",
    size: "6.5rem",
    number: true,
    sort: "workloads",
    cell: ({ workloads }) => count(workloads),
  },
  {
    id: "violations",
    title: "Violations",
    size: "6.5rem",
    number: true,
    spare: 1,
    cell: ({ violations }) => (
      <span class={violations > 0 ? "bad-text" : "muted"}>{count(violations)}</span>
    ),
  },
  {
    id: "signed",
    title: "Signed by",
    size: "minmax(7rem, 1fr)",
    spare: 2,
    cell: ({ signedBy }) => (
      <span class="cut">{signedBy.map((name) => shown(name)).join(", ")}</span>
    ),
  },
  {
    id: "added",
    title: "Added",
    size: "minmax(8rem, 0.8fr)",
    spare: 2,
    sort: "added",
    cell: ({ added, by }) => (
      <span class="cut">
        <Ago at={added} /> <span class="muted">by {shown(by)}</span>
      </span>
    ),
  },
];

export function ModelsPage(): JSX.Element {
  const [choices] = useChoices();
  const listed = useList<ModelRow>("models", choices);
  const { total } = listed.source;
  return (
    <>
      <Head title="Models" note={total === undefined ? "…" : plural(total, "model")}>
        <Upload done={() => listed.source.refresh()} />
      </Head>
      <div class="tools">
        <SearchField label="Name or digest" />
      </div>
      <ListTable
        label="Models"
        listed={listed}
        columns={COLUMNS}
        open={({ digest }) => go(["models", digest])}
        empty="None yet. A signed model is uploaded here, or by galgo fleet model."
      />
    </>
  );
}

function Upload({ done }: { done: () => void }): JSX.Element | null {
  const [open, setOpen] = useState(false);
  const [files, setFiles] = useState<FileList | null>(null);
  if (!useMay("operator")) return null;
  const upload = async (): Promise<void> => {
    const file = files?.[0];
    if (file === undefined) throw new Error("Choose a file first.");
    const { digest } = await send<ModelRow>("models", uploadInit(await file.arrayBuffer()));
    done();
    go(["models", digest]);
  };
  return (
    <>
      <button type="button" onClick={() => setOpen(true)}>
        Upload
      </button>
      {open ? (
        <Dialog
          title="Upload a signed model"
          act="Upload"
          close={() => setOpen(false)}
          done={upload}
        >
          <Field
            name="Model file"
            note="As galgo sign has left it. Its signature is checked before it is kept."
          >
            <input type="file" onChange={(event) => setFiles(event.currentTarget.files)} />
          </Field>
        </Dialog>
      ) : null}
    </>
  );
}
