#!/usr/bin/env bash
# The Linux packages made and tried, as CI does it; then the Windows installer's script under wine. As root.
set -euo pipefail
cd "$(dirname "$0")/../.."
needed=(appstream debootstrap desktop-file-utils lintian nsis openbox wine64 xdotool xvfb zstd)
needed+=(libxcb-cursor0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-render-util0 libxkbcommon-x11-0)

stage() {
    local start=$SECONDS
    "${@:2}"
    echo "$((SECONDS - start)) s: $1"
}

tools() {
    apt-get update --quiet
    DEBIAN_FRONTEND=noninteractive apt-get install --quiet --yes --no-install-recommends "${needed[@]}"
}

stage "the tools" tools
stage "the environment" make .venv-package/ready
stage "the packages" make package
desktop-file-validate packaging/linux/nti-desktop.desktop
dpkg-deb --fsys-tarfile dist/*.deb | tar -xO ./usr/share/metainfo/nti-desktop.metainfo.xml >build/nti-desktop.metainfo.xml
appstreamcli validate --no-net build/nti-desktop.metainfo.xml
stage "lintian" lintian --tag-display-limit 0 --fail-on error,warning dist/*.deb &
OMP_NUM_THREADS=1 stage "the bare root" \
    .venv-package/bin/python packaging/linux/bare_root.py build/bare-root dist/*.tar.zst dist/*.deb
wait $!
stage "the installer for Windows" packaging/windows/try_installer.sh
