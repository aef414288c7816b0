"""The few array operations that artefacts need, the same for NumPy arrays and torch tensors.

Random numbers always come from a NumPy generator, so that both forms give the same picture from the same seed.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = Any
"""A NumPy array or a torch tensor; (..., H, W) unless said otherwise."""


def namespace(array: Array) -> Any:
    """Return the module that works on this array: numpy or torch."""
    if isinstance(array, np.ndarray):
        return np
    import torch

    return torch


def like(values: np.ndarray, reference: Array) -> Array:
    """Return NumPy values as an array of the same library, device and precision as `reference`."""
    single = np.asarray(values, dtype=np.complex64 if np.iscomplexobj(values) else np.float32)
    if isinstance(reference, np.ndarray):
        return single
    return namespace(reference).asarray(single, device=reference.device)


def to_kspace(image: Array) -> Array:
    """Return the centred 2-D Fourier transform over the last two axes."""
    xp = namespace(image)
    return xp.fft.fftshift(xp.fft.fft2(xp.fft.ifftshift(image, (-2, -1))), (-2, -1))


def to_image(kspace: Array) -> Array:
    """Return the inverse of `to_kspace`, complex."""
    xp = namespace(kspace)
    return xp.fft.fftshift(xp.fft.ifft2(xp.fft.ifftshift(kspace, (-2, -1))), (-2, -1))


def frequencies(shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Return centred spatial frequencies in cycles per pixel, as a column (H, 1) and a row (1, W)."""
    rows = np.fft.fftshift(np.fft.fftfreq(shape[0]))[:, None]
    columns = np.fft.fftshift(np.fft.fftfreq(shape[1]))[None, :]
    return rows, columns


def filtered(image: Array, transfer: np.ndarray) -> Array:
    """Return the complex image after multiplication of its k-space with a real or complex transfer function."""
    return to_image(to_kspace(image) * like(transfer, image))


def gaussian_transfer(
    shape: tuple[int, int], sigma_rows: float, sigma_columns: float
) -> np.ndarray:
    """Return the transfer function of a Gaussian blur with standard deviations in pixels."""
    rows, columns = frequencies(shape)
    return np.exp(-2 * np.pi**2 * ((sigma_rows * rows) ** 2 + (sigma_columns * columns) ** 2))


def smooth_field(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Return a random field (H, W) of mean 0 and peak 1 that changes about once over the frame."""
    rows, columns = frequencies(shape)
    envelope = np.exp(-2 * ((rows * shape[0]) ** 2 + (columns * shape[1]) ** 2))
    spectrum = np.fft.fft2(rng.standard_normal(shape)) * np.fft.ifftshift(envelope)
    field = np.real(np.fft.ifft2(spectrum))
    field = field - field.mean()
    return np.asarray(field / max(float(np.abs(field).max()), 1e-12))


def rotated(image: Array, degrees: float) -> Array:
    """Return the complex image turned about its centre, by three Fourier shears (no loss of resolution)."""
    angle = np.deg2rad(degrees)
    across = -np.tan(angle / 2)
    image = _sheared(image, across, -1)
    image = _sheared(image, np.sin(angle), -2)
    return _sheared(image, across, -1)


def _sheared(image: Array, slope: float, axis: int) -> Array:
    """Return the image with every line along `axis` moved by slope × its distance from the centre."""
    xp = namespace(image)
    length, other = (
        (image.shape[-1], image.shape[-2]) if axis == -1 else (image.shape[-2], image.shape[-1])
    )
    offset = np.arange(other) - (other - 1) / 2
    frequency = np.fft.fftfreq(length)
    phase = np.exp(-2j * np.pi * slope * offset[:, None] * frequency[None, :])
    ramp = like(phase if axis == -1 else phase.T, image)
    return xp.fft.ifft(xp.fft.fft(image, None, axis) * ramp, None, axis)


def shifted_kspace(kspace: Array, rows: float, columns: float) -> Array:
    """Return the k-space of the image moved by a number of pixels (Fourier shift theorem)."""
    v, u = frequencies((int(kspace.shape[-2]), int(kspace.shape[-1])))
    return kspace * like(np.exp(-2j * np.pi * (rows * v + columns * u)), kspace)
