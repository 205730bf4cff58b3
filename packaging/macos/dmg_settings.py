"""What the disk image looks like: read by dmgbuild, with `-D app=…` for the bundle."""

from pathlib import Path

app = defines["app"]  # type: ignore[name-defined]  # noqa: F821  # given by dmgbuild
name = Path(app).name

format = "ULFO"
filesystem = "APFS"
files = [app]
symlinks = {"Applications": "/Applications"}
icon_locations = {name: (160, 180), "Applications": (440, 180)}
window_rect = ((200, 200), (600, 400))
default_view = "icon-view"
icon_size = 112
text_size = 13
show_status_bar = show_tab_view = show_toolbar = show_pathbar = show_sidebar = False
