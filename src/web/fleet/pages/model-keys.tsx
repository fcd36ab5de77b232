// SPDX-License-Identifier: Apache-2.0
// Whose signatures of models the fleet believes.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { post, remove } from "../api/client.ts";
import { useList } from "../api/hooks.ts";
import type { ModelKeyRow } from "../api/types.ts";
import { Pill, Trouble } from "../parts/bits.tsx";
import { Dialog, Field } from "../parts/dialog.tsx";
import { ListTable } from "../parts/list-table.tsx";
import { moment, short, shown } from "../parts/shown.ts";
import type { Column } from "../parts/table.tsx";

const ROWS = 10;

export function ModelKeys(): JSX.Element {
  const listed = useList<ModelKeyRow>("model-keys", {});
  const [adding, setAdding] = useState(false);
  const [refused, setRefused] = useState<unknown>(undefined);
  const again = (): void => listed.source.refresh();
  const drop = (id: string): void => {
    setRefused(undefined);
    remove(`model-keys/${encodeURIComponent(id)}`).then(again, setRefused);
  };
  return (
    <section>
      <h3>
        Keys of models{" "}
        <button type="button" onClick={() => setAdding(true)}>
          Add …
        </button>
      </h3>
      <Trouble error={refused} />
      <ListTable
        label="Keys of models"
        listed={listed}
        columns={columnsOf(drop)}
        rows={ROWS}
        empty="None."
      />
      {adding ? <AddKey close={() => setAdding(false)} done={again} /> : null}
    </section>
  );
}

function columnsOf(drop: (id: string) => void): readonly Column<ModelKeyRow>[] {
  return [
    {
      id: "name",
      title: "Key",
      size: "minmax(8rem, 1.4fr)",
      cell: ({ name, own }) => (
        <span class="cut">
          <strong>{shown(name)}</strong> {own ? <Pill tone="plain">the fleet's own</Pill> : null}
        </span>
      ),
    },
    {
      id: "id",
      title: "Id",
      size: "9rem",
      spare: 1,
      cell: ({ id }) => <code title={shown(id)}>{short(id)}</code>,
    },
    {
      id: "added",
      title: "Added",
      size: "11rem",
      spare: 1,
      cell: ({ added }) => (added === 0 ? "" : moment(added)),
    },
    {
      id: "by",
      title: "By",
      size: "minmax(6rem, 1fr)",
      spare: 2,
      cell: ({ by }) => <span class="cut">{shown(by)}</span>,
    },
    {
      id: "drop",
      title: "",
      size: "6rem",
      cell: ({ id, own }) =>
        own ? null : (
          <button type="button" class="link bad-text" onClick={() => drop(id)}>
            Remove
          </button>
        ),
    },
  ];
}

function AddKey({ close, done }: { close: () => void; done: () => void }): JSX.Element {
  const [name, setName] = useState("");
  const [publicKey, setPublicKey] = useState("");
  const add = async (): Promise<void> => {
    await post("model-keys", { name, publicKey });
    done();
  };
  return (
    <Dialog title="Believe a key" act="Add" close={close} done={add}>
      <p>Models that it has signed are taken, and given to hosts.</p>
      <Field name="Name">
        <input required value={name} onInput={(event) => setName(event.currentTarget.value)} />
      </Field>
      <Field name="Public key" note="PEM, as galgo key has written it.">
        <textarea
          required
          rows={5}
          spellcheck={false}
          value={publicKey}
          onInput={(event) => setPublicKey(event.currentTarget.value)}
        />
      </Field>
    </Dialog>
  );
}
