; The setup program: for the one user who runs it, without administrator's rights. Built by packaging/windows/package.sh
; with /DVERSION, /DSOURCE (the frozen folder), /DOUT and /DICON.
; Uninstalling asks before it touches the user's own runs, presets and settings; they stay unless the user says so.
Unicode true
SetCompressor /SOLID lzma
!include "MUI2.nsh"
!include "LogicLib.nsh"
!include "FileFunc.nsh"

Name "FNet Studio"
OutFile "${OUT}"
RequestExecutionLevel user
InstallDir "$LOCALAPPDATA\Programs\FNet Studio"
InstallDirRegKey HKCU "Software\FNet Studio" "folder"
ManifestDPIAware true
BrandingText "FNet Studio ${VERSION}"

!define UNINSTALL "Software\Microsoft\Windows\CurrentVersion\Uninstall\FNet Studio"
!define MUI_ICON "${ICON}"
!define MUI_UNICON "${ICON}"
!define MUI_FINISHPAGE_RUN "$INSTDIR\fnet-studio.exe"

!insertmacro MUI_PAGE_LICENSE "${LICENCE}"
!insertmacro MUI_PAGE_DIRECTORY
!insertmacro MUI_PAGE_INSTFILES
!insertmacro MUI_PAGE_FINISH
!insertmacro MUI_UNPAGE_CONFIRM
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE "English"

Section "FNet Studio"
  ; what an earlier version left in its own folder would be loaded beside the new libraries
  ${If} ${FileExists} "$INSTDIR\fnet-studio.exe"
    RMDir /r "$INSTDIR\_internal"
  ${EndIf}
  SetOutPath "$INSTDIR"
  File /r "${SOURCE}/*"
  WriteUninstaller "$INSTDIR\uninstall.exe"
  CreateShortcut "$SMPROGRAMS\FNet Studio.lnk" "$INSTDIR\fnet-studio.exe"
  WriteRegStr HKCU "Software\FNet Studio" "folder" "$INSTDIR"
  WriteRegStr HKCU "${UNINSTALL}" "DisplayName" "FNet Studio"
  WriteRegStr HKCU "${UNINSTALL}" "DisplayVersion" "${VERSION}"
  WriteRegStr HKCU "${UNINSTALL}" "DisplayIcon" "$INSTDIR\fnet-studio.exe"
  WriteRegStr HKCU "${UNINSTALL}" "UninstallString" '"$INSTDIR\uninstall.exe"'
  WriteRegStr HKCU "${UNINSTALL}" "QuietUninstallString" '"$INSTDIR\uninstall.exe" /S'
  WriteRegDWORD HKCU "${UNINSTALL}" "NoModify" 1
  WriteRegDWORD HKCU "${UNINSTALL}" "NoRepair" 1
  ${GetSize} "$INSTDIR" "/S=0K" $0 $1 $2
  WriteRegDWORD HKCU "${UNINSTALL}" "EstimatedSize" "$0"
SectionEnd

Section "Uninstall"
  ; only what was installed: a folder that the user chose may hold other things
  Delete "$INSTDIR\fnet-studio.exe"
  Delete "$INSTDIR\fnet-studio-worker.exe"
  Delete "$INSTDIR\uninstall.exe"
  RMDir /r "$INSTDIR\_internal"
  RMDir "$INSTDIR"
  Delete "$SMPROGRAMS\FNet Studio.lnk"
  DeleteRegKey HKCU "${UNINSTALL}"
  DeleteRegKey HKCU "Software\FNet Studio"
  MessageBox MB_YESNO|MB_ICONQUESTION|MB_DEFBUTTON2 \
    "Remove your runs, presets and settings too?$\n$\nThey lie in $LOCALAPPDATA\fnet-studio. They stay if you answer No." \
    /SD IDNO IDNO keep
  RMDir /r "$LOCALAPPDATA\fnet-studio"
  keep:
SectionEnd
