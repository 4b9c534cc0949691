; The installer for Windows: for one user by default, for all with /ALLUSERS as an administrator; silent with /S.
;   makensis -DVERSION=0.1.0 -DFOLDER=..\..\dist\nti-desktop -DICON=..\..\build\icons\nti-desktop.ico -DOUT=setup.exe ...
; Projects and models lie in the user's own folders and are never touched.
Unicode true
Target amd64-unicode
SetCompressor /SOLID lzma
ManifestDPIAware true

!define NAME "NTI Desktop"
!define TYPE "NTIDesktop.Project"
!define UNINSTALL "Software\Microsoft\Windows\CurrentVersion\Uninstall\${NAME}"

!define MULTIUSER_EXECUTIONLEVEL Highest
!define MULTIUSER_MUI
!define MULTIUSER_INSTALLMODE_COMMANDLINE
!define MULTIUSER_INSTALLMODE_DEFAULT_CURRENTUSER
!define MULTIUSER_INSTALLMODE_INSTDIR "${NAME}"
!define MULTIUSER_INSTALLMODE_INSTDIR_REGISTRY_KEY "${UNINSTALL}"
!define MULTIUSER_INSTALLMODE_INSTDIR_REGISTRY_VALUENAME "InstallLocation"
!define MULTIUSER_INSTALLMODE_DEFAULT_REGISTRY_KEY "${UNINSTALL}"
!define MULTIUSER_INSTALLMODE_DEFAULT_REGISTRY_VALUENAME "InstallLocation"
!define MULTIUSER_USE_PROGRAMFILES64
!include MultiUser.nsh
!include MUI2.nsh
!include FileFunc.nsh
!include LogicLib.nsh

Name "${NAME}"
OutFile "${OUT}"
BrandingText "${NAME} ${VERSION}"
VIProductVersion "${VERSION}.0"
VIAddVersionKey ProductName "${NAME}"
VIAddVersionKey ProductVersion "${VERSION}"
VIAddVersionKey FileVersion "${VERSION}"
VIAddVersionKey FileDescription "${NAME} setup"
VIAddVersionKey LegalCopyright "Apache-2.0"

!define MUI_ICON "${ICON}"
!define MUI_UNICON "${ICON}"
!define MUI_FINISHPAGE_RUN
!define MUI_FINISHPAGE_RUN_FUNCTION StartProgram
!insertmacro MUI_PAGE_WELCOME
!insertmacro MULTIUSER_PAGE_INSTALLMODE
!insertmacro MUI_PAGE_DIRECTORY
!insertmacro MUI_PAGE_INSTFILES
!insertmacro MUI_PAGE_FINISH
!insertmacro MUI_UNPAGE_CONFIRM
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE English

!ifdef SIGN ; the command that signs one file, which NSIS names in place of %1
    !finalize '${SIGN}'
    !uninstfinalize '${SIGN}'
!endif

; By the user's own desktop: started from here it could have an administrator's rights, and take no dropped photos.
Function StartProgram
    Exec '"$WINDIR\explorer.exe" "$INSTDIR\${NAME}.exe"'
FunctionEnd

!macro TellShell ; that file types changed
    System::Call 'shell32::SHChangeNotify(i 0x08000000, i 0, p 0, p 0)'
!macroend

; Only files that an installer put there are removed: the list is made from the folder when the installer is compiled.
!macro RemoveProgram
    !include "${REMOVALS}"
!macroend

; A program that runs keeps some of its files: those of two versions would lie in one folder, and neither would start.
!macro StopWhileRuns PROGRAM
    ${Do}
        ${IfNot} ${FileExists} "$INSTDIR\${PROGRAM}"
            ${Break}
        ${EndIf}
        ClearErrors
        FileOpen $0 "$INSTDIR\${PROGRAM}" a ; which Windows refuses for a program that runs
        ${IfNot} ${Errors}
            FileClose $0
            ${Break}
        ${EndIf}
        MessageBox MB_RETRYCANCEL|MB_ICONEXCLAMATION "${NAME} is running; close it, then try again." /SD IDCANCEL IDRETRY +2
            Abort
    ${Loop}
!macroend
!macro StopWhileItRuns
    !insertmacro StopWhileRuns "${NAME}.exe"
    !insertmacro StopWhileRuns "nti-desktop.exe"
!macroend

Function .onInit
    !insertmacro MULTIUSER_INIT
    SetRegView 64
FunctionEnd

Function un.onInit
    !insertmacro MULTIUSER_UNINIT
    SetRegView 64
FunctionEnd

Section
    ${If} ${FileExists} "$INSTDIR\uninstall.exe"
    ${AndIfNot} ${FileExists} "$INSTDIR\${NAME}.exe"
        MessageBox MB_OK|MB_ICONSTOP "Another program is in $INSTDIR; choose a folder for ${NAME} alone." /SD IDOK
        Abort
    ${EndIf}
    !insertmacro StopWhileItRuns
    ; An older version goes first, so that no file of it is mixed with the new ones.
    IfFileExists "$INSTDIR\uninstall.exe" 0 +2
        ExecWait '"$INSTDIR\uninstall.exe" /S /$MultiUser.InstallMode _?=$INSTDIR'

    SetOutPath "$INSTDIR"
    File /r "${FOLDER}\*"
    WriteUninstaller "$INSTDIR\uninstall.exe"
    CreateShortcut "$SMPROGRAMS\${NAME}.lnk" "$INSTDIR\${NAME}.exe"

    WriteRegStr SHCTX "Software\Classes\.nti" "" "${TYPE}"
    WriteRegStr SHCTX "Software\Classes\.nti" "Content Type" "application/x-nti-project"
    WriteRegStr SHCTX "Software\Classes\${TYPE}" "" "${NAME} project"
    WriteRegStr SHCTX "Software\Classes\${TYPE}\DefaultIcon" "" "$INSTDIR\${NAME}.exe,0"
    WriteRegStr SHCTX "Software\Classes\${TYPE}\shell\open\command" "" '"$INSTDIR\${NAME}.exe" "%1"'
    ; Photos: offered under “Open with”, never taken over.
    WriteRegStr SHCTX "Software\Classes\Applications\${NAME}.exe\shell\open\command" "" '"$INSTDIR\${NAME}.exe" "%1"'
    !macro OfferFor EXTENSION
        WriteRegStr SHCTX "Software\Classes\Applications\${NAME}.exe\SupportedTypes" "${EXTENSION}" ""
    !macroend
    !insertmacro OfferFor .jpg
    !insertmacro OfferFor .jpeg
    !insertmacro OfferFor .png
    !insertmacro OfferFor .tif
    !insertmacro OfferFor .tiff
    !insertmacro OfferFor .webp
    !insertmacro OfferFor .avif
    !insertmacro OfferFor .3fr
    !insertmacro OfferFor .arw
    !insertmacro OfferFor .cr2
    !insertmacro OfferFor .cr3
    !insertmacro OfferFor .crw
    !insertmacro OfferFor .dcr
    !insertmacro OfferFor .dng
    !insertmacro OfferFor .erf
    !insertmacro OfferFor .fff
    !insertmacro OfferFor .gpr
    !insertmacro OfferFor .iiq
    !insertmacro OfferFor .kdc
    !insertmacro OfferFor .mef
    !insertmacro OfferFor .mos
    !insertmacro OfferFor .mrw
    !insertmacro OfferFor .nef
    !insertmacro OfferFor .nrw
    !insertmacro OfferFor .orf
    !insertmacro OfferFor .ori
    !insertmacro OfferFor .pef
    !insertmacro OfferFor .raf
    !insertmacro OfferFor .raw
    !insertmacro OfferFor .rw2
    !insertmacro OfferFor .rwl
    !insertmacro OfferFor .sr2
    !insertmacro OfferFor .srf
    !insertmacro OfferFor .srw
    !insertmacro OfferFor .x3f

    WriteRegStr SHCTX "${UNINSTALL}" "DisplayName" "${NAME}"
    WriteRegStr SHCTX "${UNINSTALL}" "DisplayVersion" "${VERSION}"
    WriteRegStr SHCTX "${UNINSTALL}" "DisplayIcon" "$INSTDIR\${NAME}.exe"
    WriteRegStr SHCTX "${UNINSTALL}" "Publisher" "The NTI Desktop developers"
    WriteRegStr SHCTX "${UNINSTALL}" "InstallLocation" "$INSTDIR"
    WriteRegStr SHCTX "${UNINSTALL}" "UninstallString" '"$INSTDIR\uninstall.exe" /$MultiUser.InstallMode'
    WriteRegStr SHCTX "${UNINSTALL}" "QuietUninstallString" '"$INSTDIR\uninstall.exe" /$MultiUser.InstallMode /S'
    WriteRegDWORD SHCTX "${UNINSTALL}" "NoModify" 1
    WriteRegDWORD SHCTX "${UNINSTALL}" "NoRepair" 1
    ${GetSize} "$INSTDIR" "/S=0K" $0 $1 $2
    WriteRegDWORD SHCTX "${UNINSTALL}" "EstimatedSize" $0
    !insertmacro TellShell
SectionEnd

Section Uninstall
    !insertmacro StopWhileItRuns
    !insertmacro RemoveProgram
    Delete "$INSTDIR\uninstall.exe"
    RMDir "$INSTDIR"
    Delete "$SMPROGRAMS\${NAME}.lnk"
    ReadRegStr $0 SHCTX "Software\Classes\.nti" ""
    StrCmp $0 "${TYPE}" 0 +2 ; another program may have taken it over
        DeleteRegKey SHCTX "Software\Classes\.nti"
    DeleteRegKey SHCTX "Software\Classes\${TYPE}"
    DeleteRegKey SHCTX "Software\Classes\Applications\${NAME}.exe"
    DeleteRegKey SHCTX "${UNINSTALL}"
    !insertmacro TellShell
SectionEnd
