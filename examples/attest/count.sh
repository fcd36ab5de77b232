#!/bin/sh
# Says how many lines the files have whose names come on standard input. It believes every name, which is its flaw.
while IFS= read -r name; do
  wc -l "$name" || echo "no answer for $name"
done
