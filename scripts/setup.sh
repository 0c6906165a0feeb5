#!/bin/sh
# Installs what the project needs beyond npm, where it is missing and may be installed; otherwise names it.
#
#   sh scripts/setup.sh         to run: libatomic1, which the RocksDB binding is linked against and slim systems leave out
#   sh scripts/setup.sh test    to test: also Redis, HAProxy, nginx, Prometheus, systemd-analyze, curl, OpenSSL, Chromium, zsh and fish
#
# Does nothing when all of it is there. Of a package that is a service, only the program is wanted: it is not started.
# Without what running needs it fails; without what tests need it says so, and the tests skip what they cannot do.
set -eu
cd "$(dirname "$0")/.."
# Debian keeps servers where the PATH of a plain user does not look.
PATH="$PATH:/usr/sbin:/sbin"

purpose="${1:-run}"
case "$purpose" in
  run | test) ;;
  *)
    echo 'usage: sh scripts/setup.sh [run|test]' >&2
    exit 64
    ;;
esac

loads() {
  node --input-type=module -e "await import('rocksdb-native')" 2>/dev/null
}

# The Debian packages that are missing, in one line.
missing() {
  names=
  loads || names='libatomic1'
  if [ "$purpose" = test ]; then
    for pair in redis-server:redis-server haproxy:haproxy nginx:nginx-light promtool:prometheus \
      systemd-analyze:systemd openssl:openssl curl:curl chromium:chromium zsh:zsh fish:fish; do
      command -v "${pair%%:*}" >/dev/null || names="$names ${pair#*:}"
    done
  fi
  echo $names
}

if [ ! -d node_modules/rocksdb-native ]; then
  echo 'provchain: the npm packages are missing; run "npm ci" first.' >&2
  exit 1
fi
packages=$(missing)
if [ -z "$packages" ]; then exit 0; fi

as_root=
if [ "$(id -u)" != 0 ]; then as_root='sudo -n'; fi

install_packages() {
  $as_root env DEBIAN_FRONTEND=noninteractive SYSTEMD_OFFLINE=1 \
    apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=120 $packages >/dev/null 2>&1
}

if command -v apt-get >/dev/null && { [ -z "$as_root" ] || sudo -n true 2>/dev/null; }; then
  echo "provchain: installing the Debian packages $packages" >&2
  # While this file is there, packages do not start their services.
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    trap '$as_root rm -f "$policy"' EXIT
    trap 'exit 130' INT TERM HUP
    printf '#!/bin/sh\nexit 101\n' | $as_root sh -c "cat >$policy && chmod 0755 $policy"
  fi
  # Lists that are missing, as in a fresh container, or old make the first attempt fail.
  install_packages || { $as_root apt-get update -qq >/dev/null 2>&1 && install_packages; } || true
  # Nor are they to start with the machine.
  if command -v systemctl >/dev/null; then
    for package in $packages; do $as_root systemctl disable "${package%-light}.service" >/dev/null 2>&1 || true; done
  fi
  packages=$(missing)
fi
if ! loads; then
  echo 'provchain: RocksDB does not load; it needs libatomic: sudo apt-get install libatomic1 (other systems: libatomic)' >&2
  exit 1
fi
if [ -n "$packages" ]; then
  echo "provchain: tests that need them are skipped without: sudo apt-get install --no-install-recommends $packages" >&2
fi
