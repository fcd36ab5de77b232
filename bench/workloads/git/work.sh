#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A day with git: clone, branch, commit, look at it, merge, push, tidy up. Beside upstream.git.
set -eu

git clone -q "file://$PWD/upstream.git" clone
cd clone
git config user.name "Practice"
git config user.email practice@example.org
"$HEALTH"

git switch -q -c feature
for n in 1 2 3; do
  printf 'feature %s, written at %s\n' "$n" "$(date +%s.%N)" >>"src/file$n.txt"
  git add "src/file$n.txt"
  git commit -q -m "Feature $n"
done
printf 'not yet\n' >notes.txt
git add notes.txt
git stash -q
git stash pop -q
git commit -q -m "Notes"

git switch -q main
printf 'fixed at %s\n' "$(date +%s.%N)" >>README
git commit -q -a -m "A fix"
git merge -q --no-ff -m "Merge feature" feature
git tag -a -m "Release" v2

git log --oneline --graph --stat >../log.txt
git log -p -n 3 >../patches.txt
git diff v1..v2 >../difference.txt
git blame README >../blame.txt
git status --porcelain
grep -q "Merge feature" ../log.txt
cat ../difference.txt

# the place of injection: what a hostile script in the repository would do
eval "$INJECT"

git push -q origin main v2
git branch -q -d feature
git gc -q
git fsck --no-progress
git rev-parse main
