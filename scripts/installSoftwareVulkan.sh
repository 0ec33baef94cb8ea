#!/usr/bin/env bash
# Installs a Vulkan driver that computes on the processor, so that the WebGPU tests run on a Debian or Ubuntu machine without a
# graphics processor. Needs root. Debian 12's own Mesa 22 lacks features that WebGPU asks for; its backports have Mesa 25.
set -euo pipefail

if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
  echo "installSoftwareVulkan: needs apt-get and root; the WebGPU tests are skipped where no Vulkan driver is found" >&2
  exit 1
fi
export DEBIAN_FRONTEND=noninteractive
release=()
if grep -q '^VERSION_CODENAME=bookworm$' /etc/os-release; then
  # Backports come from wherever the other packages come from.
  site=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Codename: bookworm' | head -n 1)
  echo "deb $site bookworm-backports main" >/etc/apt/sources.list.d/bookworm-backports.list
  release=(-t bookworm-backports)
fi
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${release[@]}" libvulkan1 mesa-vulkan-drivers
