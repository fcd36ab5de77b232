#!/bin/sh
# Sales by region, largest first, from lines of region,amount on standard input. With --best only the first.
set -eu
LC_ALL=C
export LC_ALL

sorted=$(mktemp)
trap 'rm -f "$sorted"' EXIT
grep -v '^#' | sort -t, -k1,1 >"$sorted"

totals() {
  awk -F, '{ sum[$1] += $2 } END { for (region in sum) print sum[region], region }' "$sorted" | sort -rn
}

case ${1-} in
  --best) totals | head -n 1 ;;
  *) totals ;;
esac
