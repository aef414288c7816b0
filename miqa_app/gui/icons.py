"""Icons: the product's own SVG files, drawn in the colour that the theme asks for."""

from __future__ import annotations

from functools import cache

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QGuiApplication, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from miqa_app import paths


@cache
def _source(name: str) -> str:
    """Return the SVG text of an icon."""
    return (paths.bundled("resources") / "icons" / f"{name}.svg").read_text(encoding="utf-8")


def pixmap(name: str, colour: str, size: int) -> QPixmap:
    """Return an icon as a pixmap of `size` logical pixels, sharp on any screen."""
    ratio = QGuiApplication.instance().devicePixelRatio()
    image = QPixmap(round(size * ratio), round(size * ratio))
    image.fill(Qt.GlobalColor.transparent)
    with QPainter(image) as painter:
        draw(painter, name, colour, QRectF(0, 0, image.width(), image.height()))
    image.setDevicePixelRatio(ratio)
    return image


def icon(name: str, colour: str) -> QIcon:
    """Return an icon for a button or a menu."""
    return QIcon(pixmap(name, colour, 32))


def draw(painter: QPainter, name: str, colour: str, target: QRectF) -> None:
    """Paint an icon into a rectangle."""
    _renderer(name, colour).render(painter, target)


@cache
def _renderer(name: str, colour: str) -> QSvgRenderer:
    """Return the renderer of an icon in a colour."""
    return QSvgRenderer(QByteArray(_source(name).replace("currentColor", colour).encode()))
