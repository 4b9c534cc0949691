#!/usr/bin/env bash
# The Windows half of a release, in Git Bash with Python and NSIS: environment, frozen program tried, installer tried.
# With $CERTIFICATE (PKCS #12 in base64) and $CERTIFICATE_PASSWORD the programs and the installer are signed.
set -euo pipefail
cd "$(dirname "$0")/../.."
export PATH="/c/Program Files (x86)/NSIS:$PATH" PYTHONUTF8=1 MSYS2_ARG_CONV_EXCL='*'

python packaging/environment.py package
python=.venv-package/Scripts/python
version=$($python -c 'import nti_desktop; print(nti_desktop.__version__)')
$python packaging/icons.py
.venv-package/Scripts/pyinstaller --noconfirm --log-level WARN packaging/nti-desktop.spec

sign=()
if [[ -n ${CERTIFICATE:-} ]]; then
    base64 --decode <<<"$CERTIFICATE" >build/certificate.pfx
    tool=$(find '/c/Program Files (x86)/Windows Kits/10/bin' -path '*/x64/signtool.exe' | sort | tail -1)
    with=(sign /f build\\certificate.pfx /p "$CERTIFICATE_PASSWORD" /fd sha256 /td sha256 /tr http://timestamp.digicert.com)
    "$tool" "${with[@]}" 'dist\nti-desktop\NTI Desktop.exe' 'dist\nti-desktop\nti-desktop.exe'
    sign=("-DSIGN=\"$(cygpath -w "$tool")\" ${with[*]} \"%1\"")
fi

dist/nti-desktop/nti-desktop.exe doctor
dist/nti-desktop/nti-desktop.exe demo --out build/demo
$python packaging/components.py dist/nti-desktop "dist/nti-desktop-$version-windows.cdx.json"
$python packaging/windows/removals.py dist/nti-desktop build/removals.nsh
setup=dist/nti-desktop-$version-windows-x86_64.exe
makensis -V2 "-DVERSION=$version" "-DFOLDER=$(cygpath -w "$PWD/dist/nti-desktop")" \
    "-DICON=$(cygpath -w "$PWD/build/icons/nti-desktop.ico")" "-DREMOVALS=$(cygpath -w "$PWD/build/removals.nsh")" \
    "-DOUT=$(cygpath -w "$PWD/$setup")" "${sign[@]}" packaging/windows/nti-desktop.nsi

"$setup" /S
installed="$LOCALAPPDATA/Programs/NTI Desktop"
"$installed/nti-desktop.exe" doctor
"$installed/uninstall.exe" /CurrentUser /S
# The uninstaller goes on from a copy of itself, which nothing here can wait for.
timeout 120 bash -c 'while [[ -e $1 ]]; do sleep 1; done' - "$installed/uninstall.exe"
[[ ! -e $installed/nti-desktop.exe ]]
