#!/usr/bin/env bash
# Installs Mesa's llvmpipe, a software GPU with 16-bit floats, for the tests that run ONNX Runtime's WebGPU provider
# under Node. Debian 13 and Ubuntu 25 have a Mesa that is new enough (25); Debian 12 has it in its backports.
# Anywhere else, or without root, nothing happens: those tests skip and say so.
set -uo pipefail

skip() {
  echo "fp16 adapter: $1; the tests that need one will skip"
  exit 0
}

installed() {
  local version
  version=$(dpkg-query -W -f '${Status} ${Version}' mesa-vulkan-drivers 2>/dev/null) || return 1
  [[ "$version" == "install ok installed "* ]] && dpkg --compare-versions "${version##* }" ge 25
}

command -v dpkg-query > /dev/null && command -v apt-get > /dev/null || skip 'not a Debian machine'
if installed; then
  echo 'fp16 adapter: already installed'
  exit 0
fi
[ "$(id -u)" = 0 ] || skip 'not root (install mesa-vulkan-drivers 25 or newer by hand)'
[ -r /etc/os-release ] && . /etc/os-release

target=()
if [ "${ID:-}" = debian ] && [ "${VERSION_CODENAME:-}" = bookworm ]; then
  if ! apt-cache policy 2> /dev/null | grep -q 'n=bookworm-backports'; then
    # The very server and key that this machine takes Debian from already.
    mirror=$(apt-get indextargets --format '$(SITE) $(CODENAME)' 'Created-By: Packages' 2> /dev/null |
      awk '$2 == "bookworm" { print $1; exit }')
    [ -n "$mirror" ] || skip 'no source for bookworm-backports'
    keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    echo "deb [signed-by=$keyring] $mirror bookworm-backports main" \
      > /etc/apt/sources.list.d/bookworm-backports.list
  fi
  target=(-t bookworm-backports)
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq || skip 'the package lists could not be read'
apt-get install -y -qq --no-install-recommends "${target[@]}" mesa-vulkan-drivers > /dev/null ||
  skip 'Mesa could not be installed'
if installed; then echo 'fp16 adapter: installed'; else skip 'this system has no Mesa 25'; fi
