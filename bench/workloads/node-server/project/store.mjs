// SPDX-License-Identifier: Apache-2.0
// Notes in files of their own, uploads by content, sessions by random name, a cache by digest.
import { createHash, randomUUID } from "node:crypto";
import { appendFile, mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

const FOLDERS = ["notes", "uploads", "sessions", "cache", "logs"];

/** A store below one folder. */
export async function openStore(folder) {
  for (const name of FOLDERS) await mkdir(join(folder, name), { recursive: true });
  const replace = async (path, content) => {
    const part = `${path}.${process.pid}.${Date.now()}.part`;
    await writeFile(part, content);
    await rename(part, path);
  };
  return {
    /** @returns id of the note */
    async addNote(text) {
      const id = randomUUID();
      await replace(join(folder, "notes", `${id}.json`), JSON.stringify({ id, text }));
      return id;
    },
    async note(id) {
      return JSON.parse(await readFile(join(folder, "notes", `${id}.json`), "utf8"));
    },
    async removeNote(id) {
      await rm(join(folder, "notes", `${id}.json`));
    },
    async notes() {
      return (await readdir(join(folder, "notes"))).length;
    },
    /** @returns digest of the content, its name from now on */
    async upload(content) {
      const digest = createHash("sha256").update(content).digest("hex");
      const part = join(folder, "uploads", `upload-${randomUUID()}`);
      await writeFile(part, content);
      await rename(part, join(folder, "uploads", digest));
      return digest;
    },
    async uploaded(digest) {
      return readFile(join(folder, "uploads", digest));
    },
    async startSession(user) {
      const id = createHash("sha1").update(randomUUID()).digest("hex");
      await writeFile(join(folder, "sessions", `sess_${id}`), user, { mode: 0o600 });
      return id;
    },
    async session(id) {
      return readFile(join(folder, "sessions", `sess_${id}`), "utf8");
    },
    /** The page of a key, made by `render` when it is not there. */
    async cached(key, render) {
      const digest = createHash("md5").update(key).digest("hex");
      const path = join(folder, "cache", digest.slice(0, 2), `${digest.slice(2)}.html`);
      try {
        return await readFile(path, "utf8");
      } catch {
        await mkdir(join(path, ".."), { recursive: true });
        const page = render();
        await writeFile(path, page);
        return page;
      }
    },
    async log(line) {
      const day = new Date().toISOString().slice(0, 10);
      await appendFile(join(folder, "logs", `access-${day}.log`), `${line}\n`);
    },
  };
}
