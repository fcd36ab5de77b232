// SPDX-License-Identifier: Apache-2.0
// Who a process is when it shows up for the first time. What only an exec changes (image-stamp.ts) is inherited by fork and
// different for every exec, so it names the image that a process was forked from, whoever its parent is by now. Forks need
// not be notified for that: a held fork could be interrupted by a signal, which programs do not expect of fork.
import type { TaskIdentity } from "../../event/event.ts";
import { MAX_IMAGES, TIDY_IMAGES_AT } from "./limits.ts";

/** An image that runs or ran in the workload: one successful exec. */
export interface Image {
  readonly stamp: string;
  readonly identity: TaskIdentity;
  /** A process of this image was disciplined: what is forked from nobody knows which of them may come from that one. */
  untrusted: boolean;
  /** A process of this image made siblings (CLONE_PARENT): who shows a parent of this image need not be its child. */
  makesSiblings?: boolean;
}

/** Images by stamp. */
export class Images {
  readonly #byStamp = new Map<string, Image[]>();
  /** Stamps that nothing had when it was looked for the last time. */
  #unused: ReadonlySet<string> = new Set();
  #tidyAt = TIDY_IMAGES_AT;

  /** Remembers an image. Beyond the limit the oldest is forgotten: a process that shows up with it is nobody. */
  add(image: Image): Image {
    const same = this.#byStamp.get(image.stamp);
    if (same !== undefined) same.push(image);
    else this.#byStamp.set(image.stamp, [image]);
    if (this.#byStamp.size > MAX_IMAGES) {
      const oldest = this.#byStamp.keys().next().value;
      if (oldest !== undefined) this.#byStamp.delete(oldest);
    }
    return image;
  }

  /** Whether it is time for `tidy`: a workload that runs for long would have it grow. */
  get untidy(): boolean {
    return this.#byStamp.size >= this.#tidyAt;
  }

  /**
   * Forgets images that no process has, now and when it was looked for the last time: once is not enough, because a process can
   * be forked and its parent end while all processes are looked at.
   * @param used stamps of all processes that there are
   */
  tidy(used: ReadonlySet<string>): void {
    const unused = new Set([...this.#byStamp.keys()].filter((stamp) => !used.has(stamp)));
    for (const stamp of unused) if (this.#unused.has(stamp)) this.#byStamp.delete(stamp);
    this.#unused = unused;
    this.#tidyAt = Math.max(TIDY_IMAGES_AT, 2 * this.#byStamp.size);
  }

  /**
   * The image with this stamp; undefined when none, or images of more than one identity, have it (address space layout not
   * randomised). Of images with one identity the untrusted one counts.
   * @param parent image of the process that is shown as parent, which may be forgotten here
   */
  find(stamp: string, parent: Image | undefined): Image | undefined {
    const known = this.#byStamp.get(stamp) ?? [];
    const fitting = parent?.stamp === stamp ? [parent, ...known] : known;
    const ids = new Set(fitting.map(({ identity }) => identity.taskId));
    if (ids.size !== 1) return undefined;
    return fitting.find(({ untrusted }) => untrusted) ?? fitting[0];
  }
}
