# SPDX-License-Identifier: Apache-2.0
# Sourced: Debian packages for the guests, by an apt of their own. Its lists, cache and sources lie below one folder; what is
# installed on this machine and its apt configuration (but for proxies and the like) play no part and stay as they are.
# Signatures are checked against the keyring of Debian. Nothing is installed: packages are fetched and unpacked.

VM_MIRROR=${GALGO_VM_MIRROR:-http://deb.debian.org}
VM_KEYRING=${GALGO_VM_KEYRING:-/usr/share/keyrings/debian-archive-keyring.gpg}

say() {
  printf 'vm image: %s\n' "$*" >&2
}

# private_apt FOLDER: makes the configuration, fetches the lists, exports APT_CONFIG.
private_apt() {
  apt_dir=$1
  [ -r "$VM_KEYRING" ] || { say "there is no $VM_KEYRING (package debian-archive-keyring)"; return 1; }
  mkdir -p "$apt_dir/lists/partial" "$apt_dir/archives/partial" "$apt_dir/sources" "$apt_dir/none.d"
  : >"$apt_dir/status"
  cat >"$apt_dir/sources/debian.sources" <<SOURCES
Types: deb
URIs: $VM_MIRROR/debian
Suites: bookworm bookworm-updates trixie-backports
Components: main
Signed-By: $VM_KEYRING

Types: deb
URIs: $VM_MIRROR/debian-security
Suites: bookworm-security
Components: main
Signed-By: $VM_KEYRING
SOURCES
  cat >"$apt_dir/apt.conf" <<CONFIG
Dir::State "$apt_dir";
Dir::State::status "$apt_dir/status";
Dir::Cache "$apt_dir";
Dir::Etc::SourceList "$apt_dir/none";
Dir::Etc::SourceParts "$apt_dir/sources";
Dir::Etc::Preferences "$apt_dir/none";
Dir::Etc::PreferencesParts "$apt_dir/none.d";
APT::Architecture "amd64";
APT::Architectures "amd64";
APT::Install-Recommends "false";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Retries "3";
APT::Update::Error-Mode "any";
CONFIG
  export APT_CONFIG="$apt_dir/apt.conf"
  apt-get -qq update
}

# fetch_closure PACKAGE...: these and all that they depend on, into the folder archives.
fetch_closure() {
  DEBIAN_FRONTEND=noninteractive apt-get -qq -y --download-only install "$@" >/dev/null
}

# unpack DEB FOLDER: keeps links of FOLDER that stand for folders (/bin -> usr/bin).
unpack() {
  dpkg-deb --fsys-tarfile "$1" | tar -x -p -f - -C "$2" --keep-directory-symlink
}
