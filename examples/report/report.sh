#!/bin/sh
# Sales by region, from lines of region,amount on standard input. Writes report.txt and prints the best region.
set -eu
LC_ALL=C
export LC_ALL

sorted=$(mktemp)
trap 'rm -f "$sorted"' EXIT
grep -v '^#' | sort -t, -k1,1 >"$sorted"
awk -F, '{ sum[$1] += $2 } END { for (region in sum) print sum[region], region }' "$sorted" | sort -rn >report.txt
head -n 1 report.txt
