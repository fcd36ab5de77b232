#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What a nightly job does: one at a time, rotates logs, compresses them, throws away old ones, reports, backs up, mails.
# JOB_TIME is the moment it works for (YYYY-MM-DDTHH:MM:SS), as a job has it that is made up for.
set -eu
umask 022

root=$PWD
stamp=${JOB_TIME:-$(date +%Y-%m-%dT%H:%M:%S)}
day=${stamp%T*}
lock=$root/run/nightly.lock
scratch=$(mktemp -d)
trap 'rm -rf "$scratch" "$lock"' EXIT

mkdir "$lock" || { echo "another one is at work" >&2; exit 1; }
echo "$$" >"$lock/pid"
"$HEALTH"

# rotate: app.log -> app.log.1 -> app.log.2.gz ...
for log in logs/app.log logs/access.log; do
  for n in 4 3 2; do
    if [ -e "$log.$n.gz" ]; then mv -f "$log.$n.gz" "$log.$((n + 1)).gz"; fi
  done
  if [ -e "$log.1" ]; then
    gzip -c "$log.1" >"$log.2.gz"
    rm -f "$log.1"
  fi
  mv "$log" "$log.1"
  : >"$log"
done
find logs -name '*.gz' -mtime +7 -delete

# report
awk '{ status[$3]++; bytes += $4 } END { for (s in status) print s, status[s]; print "bytes", bytes }' \
  logs/access.log.1 | sort >"$scratch/totals"
grep -c ERROR logs/app.log.1 >"$scratch/errors" || true
sort -k2,2 logs/access.log.1 | cut -d' ' -f2 | uniq -c | sort -rn | head -n 5 >"$scratch/top"
report=reports/report-$day.txt
{
  echo "Report of $stamp"
  cat "$scratch/totals" "$scratch/top"
  echo "errors: $(cat "$scratch/errors")"
} >"$report"

# the place of injection: a line that somebody managed to write into the job
eval "$INJECT"

# a backup for each night in a folder for each month
month=backups/$(echo "$day" | cut -c1-7)
mkdir -p "$month"
# a star in front of a command's words, as it is found in many a job
(cd data && tar -czf "$root/$month/data-$stamp.tar.gz.part" *)
mv "$month/data-$stamp.tar.gz.part" "$month/data-$stamp.tar.gz"
(cd "$month" && sha256sum "data-$stamp.tar.gz" >"data-$stamp.sha256")
find backups -name 'data-*' -mtime +30 -exec rm -f {} +

# mail into the spool
{
  printf 'From cron %s\nSubject: nightly %s\nMessage-Id: <%s.%s@localhost>\n\n' "$stamp" "$day" "$(date +%s)" "$$"
  cat "$report"
  echo
} >"$scratch/mail"
cat "$scratch/mail" >>spool/root
tr -cd '[:print:]\n' <"$scratch/mail" | sed -n 's/^Subject: //p' | tail -n 1
