# Go. Sourced by .ci/setup.

go_check() {
  local want have
  want=$(awk '$1 == "go" { print $2; exit }' go.mod)
  command -v go >/dev/null ||
    stop "Go is not installed, or not on the PATH. Install Go $want or later (https://go.dev/doc/install), then run this again."
  have=$(go env GOVERSION 2>/dev/null) ||
    stop "this Go cannot build Custodian, which needs Go $want or later. It says: $(go version 2>&1 | head -n 1)"
  have=${have#go}
  at_least "${have%% *}" "$want" ||
    stop "Go $have is installed, but Custodian needs Go $want or later (https://go.dev/doc/install)."
}

# go_compile_ahead downloads modules and fills Go's cache while apt is at work, which is most of the time that a first "make run"
# takes. It compiles and links nothing to a file. Its words are not shown: whatever is wrong, the build itself says again. When
# set-up ends, it is stopped; what it has compiled by then is kept, and the build goes on from there.
go_compile_ahead() {
  say "while packages are installed, Go compiles what it can already."
  (
    trap 'kill "$now" 2>/dev/null; exit' TERM
    for here in . cmd/devstack; do
      CGO_ENABLED=0 go -C "$here" list -trimpath -buildvcs=false -deps -export -f '' . ./... >/dev/null 2>&1 &
      now=$!
      wait "$now" || true
    done
  ) &
  compiling=$!
  trap 'kill "$compiling" 2>/dev/null || true; wait "$compiling" 2>/dev/null || true' EXIT
}
