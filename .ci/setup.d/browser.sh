# A browser for the tests of the pages. Sourced by .ci/setup.

# browser_path prints the first browser on the PATH that runs. Ubuntu's chromium and chromium-browser are the snap, or a note that
# there is one: it cannot be driven in folders of one's own, and where there is no snap service it does not start.
browser_path() {
  local name path said
  for name in chromium chromium-browser google-chrome-stable google-chrome chromium-headless-shell; do
    path=$(command -v "$name") || continue
    case $(readlink -f "$path") in */snap | /snap/*) continue ;; esac
    if head -c 4096 "$path" | grep -aqi '/snap/bin'; then continue; fi
    said=$(timeout 30 "$path" --version 2>/dev/null) || continue
    case $said in *[0-9].[0-9]*) echo "$path"; return 0 ;; esac
  done
  return 1
}

browser_install() {
  local offered
  apt_refresh
  offered=$(apt_offers chromium)
  case $offered in
    '' | *snap*) browser_from_google ;;
    *)
      say "installing the package 'chromium' (for the tests of the pages; about 700 MB) ..."
      apt_install chromium || stop "apt could not install Chromium; its own words are above. Install 'chromium' by hand, then run this again."
      ;;
  esac
  browser_path >/dev/null || stop "the browser is installed, but does not run. Try 'chromium --version' or 'google-chrome-stable --version', and run this again when it answers."
  say "the browser is $(browser_path)."
}

# browser_from_google is for Ubuntu, whose own packages of Chromium only point to the snap. Google signs its repository. The package
# brings a list and a key of its own, for updates; two lists that name different keys would stop apt, so ours is there only while
# the package is installed.
browser_from_google() {
  local list=/etc/apt/sources.list.d/custodian-setup-chrome.list key=/usr/share/keyrings/custodian-setup-chrome.asc fetched status=0
  [ "$(dpkg --print-architecture)" = amd64 ] ||
    stop "this system's own packages have no Chromium (only the snap), and Google packages Chrome for amd64 alone. Install a Chromium that is not the snap, as 'chromium' on the PATH, then run this again. 'make run' works without."
  say "this system's own packages have no Chromium but the snap: installing google-chrome-stable from Google's signed repository ..."
  fetched=$(mktemp -d)
  chmod 755 "$fetched"
  /usr/lib/apt/apt-helper -o APT::Sandbox::User=root download-file https://dl.google.com/linux/linux_signing_key.pub "$fetched/key.asc" >&2 ||
    { rm -rf "$fetched"; stop "Google's key could not be fetched from dl.google.com. Install google-chrome-stable by hand (https://www.google.com/chrome/), then run this again."; }
  as_root install -D -m 644 "$fetched/key.asc" "$key"
  rm -rf "$fetched"
  echo "deb [arch=amd64 signed-by=$key] https://dl.google.com/linux/chrome/deb/ stable main" | as_root tee "$list" >/dev/null
  apt update -o Dir::Etc::sourcelist="$list" -o Dir::Etc::sourceparts=- -o APT::Get::List-Cleanup=0 && apt_install google-chrome-stable || status=$?
  as_root rm -f "$list" "$key"
  [ "$status" = 0 ] || stop "apt could not install google-chrome-stable; its own words are above. Install it by hand (https://www.google.com/chrome/), then run this again."
}

browser_by_hand() {
  say "Chromium or Chrome, for the tests only ('make run' works without).
  Fedora, RHEL     dnf install chromium-headless
  Alpine           apk add chromium
  Arch             pacman -S chromium
  openSUSE         zypper install chromium"
}
