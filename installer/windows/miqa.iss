; Windows installer of the MIQA workstation, for one user and without administrator.
; Inno Setup 6.3 or newer, after "python installer\build.py cpu" (or gpu) on the same machine:
;     iscc /DFlavour=cpu /DVersion=0.1.0 installer\windows\miqa.iss
; Never run on a real Windows by its authors; see the decision record on packaging.

#ifndef Flavour
  #define Flavour "cpu"
#endif
#ifndef Version
  #error Say the version: /DVersion=0.1.0
#endif

[Setup]
AppId={{6B0D2B64-3F3E-4C55-9E0C-6D2C0C5F3A71}
AppName=MIQA workstation
AppVersion={#Version}
AppPublisher=The miqa_app developers
; {autopf} is %LocalAppData%\Programs for a user without administrator
PrivilegesRequired=lowest
DefaultDirName={autopf}\MIQA
DefaultGroupName=MIQA
DisableProgramGroupPage=yes
ArchitecturesAllowed=x64compatible
ArchitecturesInstallIn64BitMode=x64compatible
MinVersion=10.0
LicenseFile=..\..\LICENSE
SetupIconFile=..\..\build\{#Flavour}\pyinstaller\miqa\miqa.ico
UninstallDisplayIcon={app}\miqa-workstation.exe
OutputDir=..\..\dist
OutputBaseFilename=miqa-{#Flavour}_{#Version}_x86_64
Compression=lzma2/fast
SolidCompression=no
; parts stay below 2 GiB, as on Linux
DiskSpanning=yes
DiskSliceSize=2000000000
ChangesAssociations=yes
WizardStyle=modern

[Tasks]
Name: "desktopicon"; Description: "{cm:CreateDesktopIcon}"; Flags: unchecked
Name: "associate"; Description: "Offer MIQA where Windows asks with what to open .dcm and .nii files"

[InstallDelete]
; what an older version brought and this one does not
Type: filesandordirs; Name: "{app}\_internal"

[Files]
Source: "..\..\build\{#Flavour}\dist\miqa\*"; DestDir: "{app}"; Flags: recursesubdirs createallsubdirs ignoreversion

[Icons]
Name: "{group}\MIQA workstation"; Filename: "{app}\miqa-workstation.exe"
Name: "{userdesktop}\MIQA workstation"; Filename: "{app}\miqa-workstation.exe"; Tasks: desktopicon

[Registry]
; offered beside other programs, never instead of them
Root: HKCU; Subkey: "Software\Classes\MIQA.Scan"; ValueType: string; ValueData: "MRI scan"; Flags: uninsdeletekey; Tasks: associate
Root: HKCU; Subkey: "Software\Classes\MIQA.Scan\shell\open\command"; ValueType: string; ValueData: """{app}\miqa-workstation.exe"" ""%1"""; Tasks: associate
Root: HKCU; Subkey: "Software\Classes\.dcm\OpenWithProgids"; ValueType: string; ValueName: "MIQA.Scan"; ValueData: ""; Flags: uninsdeletevalue; Tasks: associate
Root: HKCU; Subkey: "Software\Classes\.nii\OpenWithProgids"; ValueType: string; ValueName: "MIQA.Scan"; ValueData: ""; Flags: uninsdeletevalue; Tasks: associate
Root: HKCU; Subkey: "Software\Classes\.gz\OpenWithProgids"; ValueType: string; ValueName: "MIQA.Scan"; ValueData: ""; Flags: uninsdeletevalue; Tasks: associate

[Run]
Filename: "{app}\miqa-workstation.exe"; Description: "{cm:LaunchProgram,MIQA workstation}"; Flags: nowait postinstall skipifsilent
