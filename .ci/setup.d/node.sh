# Node.js and npm, which build the pages. Sourced by .ci/setup.

least_node=18

node_good() {
  local have
  command -v npm >/dev/null && have=$(node --version 2>/dev/null) && at_least "${have#v}" "$least_node" && npm --version >/dev/null 2>&1
}

# node_install takes npm along only where it does not come with Node.js, as in Debian, where it is several hundred small packages.
node_install() {
  say "installing the packages 'nodejs' and 'npm' (to build the pages; on Debian this is several hundred small packages) ..."
  apt_refresh
  if ! node --version >/dev/null 2>&1; then apt_install nodejs || node_failed; fi
  if ! command -v npm >/dev/null; then apt_install npm || node_failed; fi
  node_good || stop "Node.js $(node --version 2>/dev/null) is what apt has here, but Custodian needs $least_node or later with npm. Install it from https://nodejs.org/en/download, then run this again."
  say "Node.js is $(node --version), npm $(npm --version)."
}

node_failed() {
  stop "apt could not install Node.js with npm; its own words are above. Install Node.js $least_node or later with npm (https://nodejs.org/en/download), then run this again."
}

node_by_hand() {
  say "Node.js $least_node or later, with npm.
  Fedora, RHEL     dnf install nodejs npm
  Alpine           apk add nodejs npm
  Arch             pacman -S nodejs npm
  openSUSE         zypper install nodejs npm"
}
