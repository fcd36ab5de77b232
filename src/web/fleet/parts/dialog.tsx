// SPDX-License-Identifier: Apache-2.0
// A question with fields over the page. The browser keeps the focus in it, and Escape leaves it.
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Trouble } from "./bits.tsx";

export interface DialogProps {
  readonly title: string;
  /** Word of the button that carries it out. */
  readonly act: string;
  readonly danger?: boolean;
  readonly close: () => void;
  /** What the button does; when it is refused the dialog stays and says why. */
  readonly done: () => Promise<void>;
  readonly children: ComponentChildren;
}

export function Dialog({
  title,
  act,
  danger = false,
  close,
  done,
  children,
}: DialogProps): JSX.Element {
  const box = useRef<HTMLDialogElement>(null);
  const [error, setError] = useState<unknown>(undefined);
  const [busy, setBusy] = useState(false);
  useEffect(() => box.current?.showModal(), []);
  const submit = (event: Event): void => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    done().then(close, (refused: unknown) => {
      setError(refused);
      setBusy(false);
    });
  };
  return (
    <dialog ref={box} aria-label={title} onClose={close}>
      <form onSubmit={submit}>
        <h3>{title}</h3>
        {children}
        <Trouble error={error} />
        <div class="dialog-acts">
          <button type="button" onClick={() => box.current?.close()}>
            Cancel
          </button>
          <button type="submit" class={danger ? "danger" : "primary"} disabled={busy}>
            {act}
          </button>
        </div>
      </form>
    </dialog>
  );
}

/** A field with its name above it. */
export function Field({
  name,
  note,
  children,
}: {
  name: string;
  note?: string;
  children: ComponentChildren;
}): JSX.Element {
  return (
    // the control is a child
    // biome-ignore lint/a11y/noLabelWithoutControl: it stands inside
    <label class="field">
      <span>{name}</span>
      {children}
      {note === undefined ? null : <small class="muted">{note}</small>}
    </label>
  );
}
