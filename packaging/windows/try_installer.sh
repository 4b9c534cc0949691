#!/usr/bin/env bash
# The installer's script with a small payload under wine: installed silently, registered, removed, the user's files left.
# Needs nsis and wine64. The real payload is installed only on Windows.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap '"$wineserver" --kill || true; rm -rf "$work"' EXIT
export WINEPREFIX=$work/wine WINEDEBUG=-all WINEDLLOVERRIDES="mscoree,mshtml=" DISPLAY=
wine=$(command -v wine64 || echo /usr/lib/wine/wine64)
wineserver=$(command -v wineserver || echo /usr/lib/wine/wineserver)

fail() {
    echo "$*" >&2
    exit 1
}

mkdir -p "$work/payload/_internal/with spaces"
cp "$(find /usr/lib -path '*wine*/x86_64-windows/cmd.exe' -print -quit)" "$work/payload/NTI Desktop.exe"
echo data >"$work/payload/_internal/with spaces/file.txt"
python3 packaging/windows/removals.py "$work/payload" "$work/removals.nsh"
setup="$work/nti-desktop-0.0.1.exe"
makensis -V2 -DVERSION=0.0.1 -DFOLDER="$work/payload" -DICON="$PWD/build/icons/nti-desktop.ico" \
    -DREMOVALS="$work/removals.nsh" -DOUT="$setup" packaging/windows/nti-desktop.nsi

"$wine" wineboot --init >/dev/null 2>&1
users=$(find "$WINEPREFIX/drive_c/users" -maxdepth 1 -mindepth 1 ! -name Public -print -quit)
mkdir -p "$users/Documents"
echo work >"$users/Documents/photo.jpg.nti"

# Another program is in the folder that is chosen.
other="$WINEPREFIX/drive_c/other"
mkdir "$other"
echo another >"$other/uninstall.exe"
uninstall='HKCU\Software\Microsoft\Windows\CurrentVersion\Uninstall\NTI Desktop'
"$wine" reg add "$uninstall" /v InstallLocation /d 'C:\other' >/dev/null
"$wine" "$setup" /S && fail "It is installed into the folder of another program."
"$wine" reg delete "$uninstall" /f >/dev/null
[[ $(cat "$other"/*) == another ]] || fail "It is mixed with another program: $(ls "$other")"

for turn in first again; do
    "$wine" "$setup" /S || fail "The $turn installation failed."
    program=$(find "$WINEPREFIX/drive_c" -name "NTI Desktop.exe" -print -quit)
    [[ -n $program && $program == "$users"/* ]] || fail "It is not installed for this user alone: $program"
    [[ -f $(dirname "$program")/_internal/with\ spaces/file.txt ]] || fail "A file is missing."
    find "$users" -name "NTI Desktop.lnk" | grep -q . || fail "The start menu has no entry."
    "$wine" reg query 'HKCU\Software\Classes\.nti' /ve | grep -q NTIDesktop.Project || fail "Projects have no program."
    "$wine" reg query 'HKCU\Software\Classes\NTIDesktop.Project\shell\open\command' /ve | grep -q 'NTI Desktop.exe" "%1"' ||
        fail "Projects are opened wrongly."
    "$wine" reg query "$uninstall" /v DisplayVersion | grep -q 0.0.1 || fail "Windows does not know the program."
done

folder=$(dirname "$program")
file="$folder/_internal/with spaces/file.txt"
echo of this version >"$file"
coproc running { exec "$wine" "$program" /c "echo ready & set /p line="; }
runs=$running_PID # which is forgotten when it ends
read -r -u "${running[0]}" # until it runs
"$wine" "$setup" /S && fail "It is replaced while it runs."
there=$("$wine" winepath -w "$folder")
(cd "$folder" && "$wine" cmd /c "uninstall.exe /CurrentUser /S _?=$there") && fail "It is removed while it runs."
[[ $(cat "$file") == "of this version" ]] || fail "Something was replaced or removed while the program ran."
echo >&"${running[1]}"
wait "$runs" || true

echo mine >"$folder/mine.txt"
"$wine" "$folder/uninstall.exe" /CurrentUser /S
"$wineserver" --wait # the uninstaller goes on from a copy of itself, which can remove what it was started from
"$wine" reg query "$uninstall" >/dev/null 2>&1 && fail "The uninstaller left its entry."
"$wine" reg query 'HKCU\Software\Classes\.nti' >/dev/null 2>&1 && fail "The uninstaller left the file type."
left=$(find "$folder" -type f -printf '%f ')
[[ $left == "mine.txt " ]] || fail "The uninstaller left or took: $left"
[[ $(cat "$users/Documents/photo.jpg.nti") == work ]] || fail "The uninstaller took a project."
echo "The installer's script installs and removes under wine."
