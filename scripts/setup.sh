#!/bin/sh
# Installs what the project needs beyond npm, where it is missing and may be installed; otherwise names it.
# The only such thing is libatomic, which the RocksDB binding is linked against and slim Linux systems leave out.
set -eu
cd "$(dirname "$0")/.."

loads() {
  node --input-type=module -e "await import('rocksdb-native')" 2>/dev/null
}

if [ ! -d node_modules/rocksdb-native ]; then
  echo 'provchain: the npm packages are missing; run "npm ci" first.' >&2
  exit 1
fi
if loads; then exit 0; fi

as_root=
if [ "$(id -u)" != 0 ]; then as_root='sudo -n'; fi
if command -v apt-get >/dev/null && { [ -z "$as_root" ] || sudo -n true 2>/dev/null; }; then
  echo 'provchain: installing the Debian package libatomic1' >&2
  export DEBIAN_FRONTEND=noninteractive
  { $as_root apt-get install -y -qq libatomic1 || { $as_root apt-get update -qq && $as_root apt-get install -y -qq libatomic1; }; } >/dev/null
fi
if ! loads; then
  echo 'provchain: RocksDB does not load; it needs libatomic: sudo apt-get install libatomic1 (other systems: libatomic)' >&2
  exit 1
fi
