// A small file server with a bug on purpose: it joins whatever name it is asked for to its folder, and it has a debugging
// command left in. Galgo does not know of either; it knows what the server did while it was tested.
// Usage: server.mjs PORT FOLDER; says "ready" on stdout, ends on SIGTERM.
import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";

const [port = "8080", folder = "."] = process.argv.slice(2);

const server = createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost");
  try {
    if (pathname === "/debug") response.end(await run(searchParams.get("run") ?? "true"));
    else response.end(await readFile(join(folder, decodeURIComponent(pathname))));
  } catch (error) {
    response.statusCode = error.code === "ENOENT" ? 404 : 500;
    response.end(`${error.code ?? error}\n`);
  }
});

/** Its output goes to the server's own. */
function run(command) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, { shell: true, stdio: "inherit" });
    child.once("error", reject);
    child.once("close", (status) => resolve(`status ${status}\n`));
  });
}

server.listen(Number(port), "127.0.0.1", () => console.log("ready"));
process.on("SIGTERM", () => {
  server.close();
  server.closeAllConnections();
});
