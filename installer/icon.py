"""The program's icon in the form that a system wants, drawn from resources/icons/app.svg."""

from __future__ import annotations

from pathlib import Path

_SIDES = (16, 24, 32, 48, 64, 128, 256)


def icon_for(platform: str, root: Path, folder: Path) -> str | None:
    """Write the icon for Windows or macOS into a folder and return its path; Linux takes the drawing itself."""
    suffix = {"win32": ".ico", "darwin": ".icns"}.get(platform)
    if suffix is None:
        return None
    from PIL import Image
    from PySide6.QtCore import Qt
    from PySide6.QtGui import QImage, QPainter
    from PySide6.QtSvg import QSvgRenderer

    picture = QImage(_SIDES[-1], _SIDES[-1], QImage.Format.Format_RGBA8888)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    QSvgRenderer(str(root / "resources" / "icons" / "app.svg")).render(painter)
    painter.end()
    size = (picture.width(), picture.height())
    image = Image.frombytes("RGBA", size, bytes(picture.constBits()))
    target = folder / f"miqa{suffix}"
    image.save(target, sizes=[(side, side) for side in _SIDES])
    return str(target)
