# Speaking, becoming root, and apt. Sourced by .ci/setup.

say() { printf 'setup: %s\n' "$*" >&2; }
stop() { say "$*"; exit 1; }

# at_least HAVE WANT: both are version numbers with dots.
at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null; then sudo "$@"
  else stop "this needs root and there is no sudo. As root, run: $*"
  fi
}

# apt waits for a lock that another run of it holds, asks nothing, and draws no progress bars.
apt() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=600 -o Dpkg::Use-Pty=0 "$@" >&2
}

apt_refreshed=
apt_refresh() {
  [ -z "$apt_refreshed" ] || return 0
  apt update || say "the package lists could not all be refreshed; going on with those at hand"
  apt_refreshed=yes
}

# apt_install PACKAGE...: these and what they must have, not what goes well with them.
apt_install() {
  apt_refresh
  apt install -y --no-install-recommends "$@"
}

# apt_offers PACKAGE: prints the version that would be installed, or nothing.
apt_offers() {
  LC_ALL=C apt-cache policy "$1" 2>/dev/null | sed -n 's/^  Candidate: //p' | grep -v '^(none)$' || true
}
