# PostgreSQL's server programs. Sourced by .ci/setup.

least_postgres=15

# postgres_bin prints the first directory that holds PostgreSQL's server programs in a version that will do. It looks where the
# program itself looks: where it is told to, where Debian and its relatives keep them (newest first), and on the PATH.
postgres_bin() {
  local dir version
  for dir in "${CUSTODIAN_POSTGRES_BIN:-}" $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -rV) \
    "$(dirname "$(command -v postgres 2>/dev/null || echo /nowhere/postgres)")"; do
    [ -n "$dir" ] && [ -x "$dir/postgres" ] && [ -x "$dir/initdb" ] || continue
    version=$("$dir/postgres" --version 2>/dev/null | sed -n 's/^postgres (PostgreSQL) \([0-9][0-9]*\).*/\1/p')
    if [ -n "$version" ] && [ "$version" -ge "$least_postgres" ]; then echo "$dir"; return 0; fi
  done
  return 1
}

# postgres_install installs the server programs without the service that Debian's package would otherwise make and start:
# the package reads createcluster.d at the moment it is installed, so a file laid there for that moment is enough.
postgres_install() {
  local kept=/etc/postgresql-common/createcluster.d/00-custodian-setup.conf status=0
  say "installing the package 'postgresql' (server programs only; no database service is made or started) ..."
  as_root mkdir -p "$(dirname "$kept")"
  printf '%s\n' '# Laid by the set-up of Custodian while it installs PostgreSQL; may be removed.' 'create_main_cluster = false' |
    as_root tee "$kept" >/dev/null
  apt_install postgresql-common && apt_install postgresql || status=$?
  as_root rm -f "$kept"
  [ "$status" = 0 ] || stop "apt could not install PostgreSQL; its own words are above. Install the package 'postgresql' ($least_postgres or later) by hand, then run this again."
  found=$(postgres_bin) || stop "apt installed PostgreSQL, but version $least_postgres or later is still not there: this system is too old. Install a newer one from postgresql.org's own packages, then run this again."
  say "PostgreSQL's programs are in $found."
}

postgres_by_hand() {
  say "PostgreSQL's server programs, version $least_postgres or later, with 'postgres' and 'initdb' on the PATH. Custodian's own PostgreSQL and its tests need Linux.
  Fedora, RHEL     dnf install postgresql-server postgresql-contrib
  Alpine           apk add postgresql postgresql-contrib
  Arch             pacman -S postgresql
  openSUSE         zypper install postgresql-server postgresql-contrib"
}
