// SPDX-License-Identifier: Apache-2.0
// One's own password.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { post } from "../api/client.ts";
import { Dialog, Field } from "../parts/dialog.tsx";

export function OwnPassword(): JSX.Element {
  const [open, setOpen] = useState(false);
  return (
    <>
      <button type="button" onClick={() => setOpen(true)}>
        Change password …
      </button>
      {open ? <Change close={() => setOpen(false)} /> : null}
    </>
  );
}

function Change({ close }: { close: () => void }): JSX.Element {
  const [old, setOld] = useState("");
  const [password, setPassword] = useState("");
  const change = async (): Promise<void> => {
    await post("me/password", { old, password });
    // all sessions have ended, this one too
    location.reload();
  };
  return (
    <Dialog title="Change your password" act="Change" close={close} done={change}>
      <Field name="Password until now">
        <input
          required
          type="password"
          autocomplete="current-password"
          value={old}
          onInput={(event) => setOld(event.currentTarget.value)}
        />
      </Field>
      <Field name="New password" note="You log in again with it.">
        <input
          required
          type="password"
          autocomplete="new-password"
          value={password}
          onInput={(event) => setPassword(event.currentTarget.value)}
        />
      </Field>
    </Dialog>
  );
}
