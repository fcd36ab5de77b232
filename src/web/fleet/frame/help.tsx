// SPDX-License-Identifier: Apache-2.0
// The keys, over the page.
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { KEY_HELP } from "../keys.ts";

export function Help({ close }: { close: () => void }): JSX.Element {
  const box = useRef<HTMLDialogElement>(null);
  useEffect(() => box.current?.showModal(), []);
  return (
    <dialog ref={box} aria-label="Keys" onClose={close}>
      <h3>Keys</h3>
      <dl class="facts keys">
        {KEY_HELP.map(([keys, what]) => (
          <>
            <dt>
              {keys.split(" ").map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </>
        ))}
      </dl>
      <div class="dialog-acts">
        <button type="button" onClick={() => box.current?.close()}>
          Close
        </button>
      </div>
    </dialog>
  );
}
