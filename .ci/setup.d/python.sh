# Python 3, for the second verifier of footprints in docs/verify. Sourced by .ci/setup.

python_good() { python3 -c 'import sys; sys.exit(sys.version_info < (3, 9))' 2>/dev/null; }

python_install() {
  say "installing the package 'python3' (for the tests of docs/verify/verify.py) ..."
  apt_install python3 || stop "apt could not install Python; its own words are above. Install 'python3' (3.9 or later) by hand, then run this again."
  python_good || stop "Python 3.9 or later is still not there: $(python3 --version 2>&1). Install it from https://www.python.org/downloads, then run this again."
}

python_by_hand() {
  say "Python 3.9 or later, as python3 on the PATH.
  Fedora, RHEL     dnf install python3
  Alpine           apk add python3
  Arch             pacman -S python
  openSUSE         zypper install python3"
}
