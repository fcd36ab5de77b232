// SPDX-License-Identifier: Apache-2.0
// nginx as Debian builds it, with a master and two workers, under ab and curl.
import { readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { COMMON_ATTACKS, CURL_EXEC } from "./lib/attacks.ts";
import type { Attack, FreshRun, Workload } from "./lib/workload.ts";

const PAGES = 20;
const REQUESTS = 2_000;
const KEPT_REQUESTS = 20_000;

function configuration(folder: string, port: number): string {
  return `
user www-data;
worker_processes 2;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log;
events { worker_connections 128; }
http {
  include /etc/nginx/mime.types;
  access_log ${folder}/access.log;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  gzip on;
  server { listen 127.0.0.1:${port}; root ${folder}/www; }
}
`;
}

function driver({ folder, site, inject }: FreshRun, port: number): string {
  return `
url=http://127.0.0.1:${port}
nginx -c ${folder}/nginx.conf -e ${folder}/error.log || exit 1
${site.health}
ab -q -n ${REQUESTS} -c 8 $url/page1.html >${folder}/ab.txt
ab -q -k -n ${KEPT_REQUESTS} -c 8 $url/page2.html >>${folder}/ab.txt
curl -s --compressed -o ${folder}/answer.html $url/page3.html
curl -s -o /dev/null -w '%{http_code}\\n' $url/none.html
cat ${folder}/answer.html
${inject}
grep 'Failed requests' ${folder}/ab.txt
nginx -c ${folder}/nginx.conf -e ${folder}/error.log -s quit
${site.health} gone ${folder}/nginx.pid
`;
}

/** A link that somebody has put into the document root. */
const BY_LINK: Attack = {
  name: "nginx itself reads a secret",
  arrange: (run, { secret }) => {
    run.write("secret.txt", `${secret}\n`);
    symlinkSync(join(run.folder, "secret.txt"), join(run.folder, "www/link.html"));
  },
  inject: () => "curl -s $url/link.html",
  harm: (_run, { secret }, { stdout }) =>
    stdout.includes(secret) ? "the secret was served" : undefined,
};

export const nginx: Workload = {
  name: "nginx",
  label: "nginx, 22,000 requests of ab, most over kept connections, curl",
  needs: ["/usr/sbin/nginx", "/usr/bin/ab", "/usr/bin/curl"],
  command: async (run) => {
    const port = await run.port();
    run.write("nginx.conf", configuration(run.folder, port));
    for (let i = 1; i <= PAGES; i++)
      run.write(
        `www/page${i}.html`,
        `<p>page ${i}</p><p>${run.random(2 ** 32)}</p>\n`.repeat(100 * i + run.random(50)),
      );
    return { argv: ["/bin/bash", "-c", driver(run, port)] };
  },
  check: (run, { status, stdout }) => {
    if (status !== 0) return `status ${status}`;
    if (!stdout.includes("<p>page 3</p>") || !/^404$/m.test(stdout)) return "wrong answers";
    const failed = readFileSync(join(run.folder, "ab.txt"), "utf8").match(/Failed requests: +0\n/g);
    return failed?.length === 2 ? undefined : "failed requests";
  },
  attacks: [...COMMON_ATTACKS, CURL_EXEC, BY_LINK],
};
