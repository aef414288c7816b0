"""The pixels of a stimulus, as they are kept and as they are shown."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Stimulus:
    """One image or stack with the grey window it is shown in.

    Attributes:
        frames: (frames, rows, columns) uint16 stored values.
        black: stored value from which downwards the screen is black.
        white: stored value from which upwards it is white, above `black`.
        aspect: height of a pixel divided by its width, as it lies on the patient.
    """

    frames: NDArray[np.uint16]
    black: float
    white: float
    aspect: float = 1.0

    def __post_init__(self) -> None:
        """Check shape, type and window."""
        if self.frames.ndim != 3 or self.frames.dtype != np.uint16 or min(self.frames.shape) < 1:
            message = f"frames must be (frames, rows, columns) uint16, not {self.frames.shape} {self.frames.dtype}"
            raise ValueError(message)
        if not (self.white > self.black and self.aspect > 0):
            raise ValueError("white must lie above black and the aspect above 0")

    @property
    def key(self) -> str:
        """Return the SHA-256 of pixels, shape, window and aspect, hexadecimal."""
        facts = f"{self.frames.shape} {self.black!r} {self.white!r} {self.aspect!r} "
        pixels = np.ascontiguousarray(self.frames.astype("<u2", copy=False))
        return hashlib.sha256(facts.encode() + pixels.tobytes()).hexdigest()

    def greys(self, frame: int) -> NDArray[np.uint8]:
        """Return (rows, columns) uint8 greys of one frame, linear between black and white (DICOM PS3.3 C.11.2.1.2)."""
        share = (self.frames[frame].astype(np.float32) - self.black) / (self.white - self.black)
        return np.asarray(np.rint(np.clip(share, 0, 1) * 255), dtype=np.uint8)


def packed(stimulus: Stimulus) -> bytes:
    """Return the content as it is kept: a compressed NumPy archive, no pickles."""
    buffer = io.BytesIO()
    window = np.array([stimulus.black, stimulus.white, stimulus.aspect], dtype=np.float64)
    np.savez_compressed(buffer, frames=stimulus.frames, window=window)
    return buffer.getvalue()


def unpacked(content: bytes) -> Stimulus:
    """Return the stimulus of `packed` bytes."""
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        black, white, aspect = (float(value) for value in arrays["window"])
        return Stimulus(arrays["frames"], black, white, aspect)
