#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# soundness.sh GALGO ACTS FOLDER KIND...: lets a learned program (acts) look at files, changes behind its back where names lead to and
# what files hold, lets it look again, and says after each look what a record of that look has to hold:
#   expect<TAB>STEP<TAB>HOOK<TAB>PATH<TAB>TEXT...
# Every look is repeated, so that it is known in the kernel before the next change. KIND: ext4 tmpfs xfs btrfs overlay. FOLDER is new.
set -u
galgo=$1 acts=$2 folder=$3
shift 3
step=none

fail() {
  echo "soundness.sh: $step: $*" >&2
  exit 1
}

must() {
  "$@" || fail "$*"
}

# Lets the program act, and checks that it could.
act() {
  printf '%s\n' "$1" >&"${agent[1]}" || fail "the program is gone"
  while read -r answer <&"${agent[0]}"; do
    case $answer in
    *=-*) fail "$1: $answer" ;;
    sub=* | "$1="*) return ;;
    esac
  done
  fail "the program is gone: $1"
}

expect() {
  printf 'expect\t%s' "$step"
  printf '\t%s' "$@"
  echo
}

# PATH [PATH AS THE PROGRAM SEES IT]: opened often, and its content seen (without starting anything, which is slow in a guest).
look() {
  act "loop 5 $1"
  expect file_open "${2-$1}" "content=$(<"$1")"
}

# The same for what the program has created: who has, instead of the content.
look_made() {
  act "loop 5 $1"
  expect file_open "$1" '"owner"'
}

# Makes files of the same length. Every step has a folder.
files() {
  local name
  mkdir -p "${@%/*}"
  for name in "$@"; do
    printf '%-40.40s' "$RANDOM of ${name#"$folder"}" >"$name"
  done
}

# What steps need below a folder, made long before the first look at it.
prepare() {
  files "$1"/{hard/a,bind/a,bound/b,file/a,file/over,ren/a,dir/old/x,above/old/d/x,over/old/d,same/1/x,same/2/x,times/a}
  files "$1"/{map/a,fault/a,clock/a,tick/a,by/a,by/b,swap/1/x,swap/2/x,mode/a,who/a,un/a,link/1,link/2,exchange/a,exchange/b}
  files "$1"/{root1/a,root2/a,case/a,grow/a}
  mkdir -p "$1"/{bind2,over/old/m,again,reuse,hard2,move1,move2,long}
  ln "$1/hard/a" "$1/hard/b"
  ln "$1/hard/a" "$1/hard2/a"
  ln -s 1 "$1/link/l"
  name=$(printf 'n%.0s' {1..250})
  files "$1/long/$name"{1,2}
}

names() {
  step="$kind: hard links"
  look "$1/hard/a"; look "$1/hard/b"; look "$1/hard2/a"
  step="$kind: long names that differ at their end"
  look "$1/long/${name}1"; look "$1/long/${name}2"
  step="$kind: the same name in two folders"
  look "$1/same/1/x"; look "$1/same/2/x"
  step="$kind: a renamed file"
  look "$1/ren/a"; must mv "$1/ren/a" "$1/ren/b"; look "$1/ren/b"
  step="$kind: a renamed folder"
  look "$1/dir/old/x"; must mv "$1/dir/old" "$1/dir/new"; look "$1/dir/new/x"
  step="$kind: a folder above is renamed"
  look "$1/above/old/d/x"; must mv "$1/above/old" "$1/above/new"; look "$1/above/new/d/x"
  step="$kind: the program renames a folder"
  act "rename $1/above/new $1/above/third"; look "$1/above/third/d/x"
  step="$kind: exchanged files"
  look "$1/exchange/a"; look "$1/exchange/b"; act "exchange $1/exchange/a $1/exchange/b"
  look "$1/exchange/a"; look "$1/exchange/b"
  step="$kind: exchanged folders"
  look "$1/swap/1/x"; look "$1/swap/2/x"; act "exchange $1/swap/1 $1/swap/2"
  look "$1/swap/1/x"; look "$1/swap/2/x"
  step="$kind: a symbolic link that leads elsewhere"
  act "loop 5 $1/link/l"; look "$1/link/1"; must ln -sf 2 "$1/link/l"
  act "loop 5 $1/link/l"; expect file_open "$1/link/2" "content=$(<"$1/link/2")"
  step="$kind: replaced by a rename"
  look "$1/by/a"; must mv "$1/by/b" "$1/by/a"; look "$1/by/a"
  step="$kind: a folder in the place of another"
  act "mkdir $1/reuse/a"; act "create $1/reuse/a/x"; look_made "$1/reuse/a/x"
  act "unlink $1/reuse/a/x"; act "rmdir $1/reuse/a"
  act "mkdir $1/reuse/b"; act "create $1/reuse/b/x"; look_made "$1/reuse/b/x"
  step="$kind: made, removed and made again"
  act "create $1/again/x"; look_made "$1/again/x"; act "unlink $1/again/x"
  act "create $1/again/x"; look_made "$1/again/x"
  printf 'distinct\t%s\t%s\t%s\t%s\n' "$step" file_open "$1/again/x" 2
  step="$kind: a file without a name"
  look "$1/un/a"; act "unlinked $1/un/a"
}

contents() {
  step="$kind: changed, with its times restored"
  look "$1/times/a"; act "utimes changed $1/times/a"; look "$1/times/a"
  touch -r "$1/same/1/x" "$1/times/a"; printf other | dd of="$1/times/a" conv=notrunc status=none
  touch -r "$1/same/1/x" "$1/times/a"; look "$1/times/a"
  step="$kind: changed within a tick"
  local i
  for i in {10..25}; do
    act "write changed$i $1/tick/a"
    look "$1/tick/a"
  done
  step="$kind: written through a mapping"
  look "$1/map/a"; act "writemap mapped $1/map/a"; look "$1/map/a"
  step="$kind: written through a mapping without a fault"
  look "$1/fault/a"; act "writefault mapped $1/fault/a"; look "$1/fault/a"
  step="$kind: written from outside"
  look "$1/grow/a"; printf other | dd of="$1/grow/a" conv=notrunc status=none; look "$1/grow/a"
  printf more >>"$1/grow/a"; look "$1/grow/a"
  step="$kind: changed while the clock is back"
  look "$1/clock/a"; act "settime clocked $1/clock/a"; look "$1/clock/a"
  step="$kind: another mode, owner, group"
  look "$1/mode/a"; must chmod 600 "$1/mode/a"; act "loop 5 $1/mode/a"
  expect file_open "$1/mode/a" '"mode": "0100600"'
  must chown 17:18 "$1/mode/a"; act "loop 5 $1/mode/a"; expect file_open "$1/mode/a" '"uid": "17", "gid": "18"'
  step="$kind: another user"
  look "$1/who/a"; act "sub setfsuid 1000;loop 5 $1/who/a"; expect file_open "$1/who/a" '"fsuid": "1000"'
  act "sub setuid 1001;loop 5 $1/who/a"; expect file_open "$1/who/a" '"euid": "1001"'
}

mounts() {
  step="$kind: a folder that is mounted elsewhere too"
  look "$1/bind/a"; must mount --bind "$1/bind" "$1/bind2"; look "$1/bind2/a"; must umount "$1/bind2"
  step="$kind: another one at the same place"
  must mount --bind "$1/bound" "$1/bind2"; look "$1/bind2/b"; must umount "$1/bind2"
  step="$kind: a file that is mounted over another"
  look "$1/file/over"; must mount --bind "$1/file/a" "$1/file/over"; look "$1/file/over"; must umount "$1/file/over"
  look "$1/file/over"
  step="$kind: a folder above a mount is renamed"
  must mount -t tmpfs over "$1/over/old/m"; files "$1/over/old/m/x"
  must mount -t tmpfs move "$1/move1"; files "$1/move1/x"; sleep 2.3
  look "$1/over/old/m/x"; must mv "$1/over/old" "$1/over/new"; look "$1/over/new/m/x"; must umount "$1/over/new/m"
  step="$kind: a mount that is moved"
  look "$1/move1/x"; must mount --move "$1/move1" "$1/move2"; look "$1/move2/x"; must umount "$1/move2"
  step="$kind: another root"
  look "$1/root1/a"
  act "sub chroot $1/root1;loop 5 /a"; expect file_open /a "content=$(<"$1/root1/a")"
  act "sub chroot $1/root2;loop 5 /a"; expect file_open /a "content=$(<"$1/root2/a")"
}

# Two file systems at the same place, one after the other.
places() {
  step="images with equal numbers"
  must mount -o loop,ro "$folder/1.img" "$folder/image"; look "$folder/image/x"; must umount "$folder/image"
  must mount -o loop,ro "$folder/2.img" "$folder/image"; look "$folder/image/x"; must umount "$folder/image"
  step="images side by side"
  must mount -o loop,ro "$folder/1.img" "$folder/image"; must mount -o loop,ro "$folder/2.img" "$folder/image2"
  look "$folder/image/x"; look "$folder/image2/x"; must umount "$folder/image" "$folder/image2"
  step="a tmpfs in the place of another"
  local i
  for i in 1 2; do
    must mount -t tmpfs again "$folder/image"; files "$folder/image/x"; sleep 2.3; look "$folder/image/x"
    must umount "$folder/image"
  done
}

processes() {
  step="files of processes"
  act "loop 5 /proc/self/stat"; act "loop 5 /proc/$$/stat"; expect file_open "/proc/$$/stat"
  act "loop 5 /proc/1/stat"; expect file_open /proc/1/stat
  act "sub loop 5 /proc/self/stat"
  step="programs with the same path"
  must cp "$acts" "$folder/program"; sleep 2.3
  act "run $folder/program loop+5+$folder/seen"
  act "run $folder/program loop+5+$folder/seen"
  printf more >>"$folder/program"
  act "run $folder/program loop+5+$folder/seen"
  printf 'distinct\t%s\t%s\t%s\t%s\n' "$step" file_open "$folder/seen" 2
}

overlays() {
  step="overlay: a file of the lower folder is changed"
  look "$overlay/low"; act "write changed $overlay/low"; look "$overlay/low"
  step="overlay: changed below"
  look "$overlay/direct"; printf below | dd of="$folder/upper/direct" conv=notrunc status=none; look "$overlay/direct"
  step="overlay: written through a mapping below"
  look "$overlay/mapped"; "$acts" "writemap below $folder/upper/mapped" >&2; look "$overlay/mapped"
}

# Nothing stays mounted, whatever happened.
clean() {
  local mount
  [ -z "${pid-}" ] || kill -9 "$pid" 2>/dev/null
  awk -v below="$folder/" 'index($2, below) == 1 { print $2 }' /proc/mounts | tac | while read -r mount; do
    umount -l "$mount"
  done
}
trap clean EXIT

mkdir -p "$folder"/{image,image2,1,2,lower,upper,work,kinds} || fail "folder"
overlay=$folder/kinds/overlay
touch "$folder/seen"
for kind in "$@"; do
  mkdir "$folder/kinds/$kind"
  case $kind in
  ext4) ;;
  tmpfs) must mount -t tmpfs kind "$folder/kinds/$kind" ;;
  overlay)
    files "$folder"/{lower/low,upper/direct,upper/mapped}
    must mount -t overlay -o "lowerdir=$folder/lower,upperdir=$folder/upper,workdir=$folder/work" kind "$overlay"
    ;;
  *)
    truncate -s 320M "$folder/$kind.img" && "mkfs.$kind" -q "$folder/$kind.img" || fail "mkfs.$kind"
    must mount -o loop "$folder/$kind.img" "$folder/kinds/$kind"
    ;;
  esac
  mount --make-private "$folder/kinds/$kind" 2>/dev/null
  prepare "$folder/kinds/$kind"
done
for image in 1 2; do
  printf 'image %s' $image >"$folder/$image/x"
  E2FSPROGS_FAKE_TIME=1700000000 mke2fs -q -t ext4 -d "$folder/$image" -U 11111111-2222-3333-4444-555555555555 \
    -E hash_seed=11111111-2222-3333-4444-555555555555 "$folder/$image.img" 4M || fail mke2fs
done
sleep 2.5

coproc agent { exec "$galgo" learn --sensor bpf --profile exact --name soundness -o "$folder/model.json" -- "$acts" - 2>"$folder/said"; }
pid=$agent_PID
for kind in "$@"; do
  names "$folder/kinds/$kind"
  contents "$folder/kinds/$kind"
  [ "$kind" != tmpfs ] && [ "$kind" != ext4 ] || mounts "$folder/kinds/$kind"
  [ "$kind" != overlay ] || overlays
done
places
processes
step=end
exec {agent[1]}>&-
wait "$pid" || fail "galgo learn: status $?: $(cat "$folder/said")"
cat "$folder/said" >&2
