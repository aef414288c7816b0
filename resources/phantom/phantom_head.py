"""The anatomy of the synthetic head: which tissue lies at which point.

Coordinates are millimetres in the head's own frame: x to the patient's left, y to the
back, z to the crown, origin between the commissures. Every function is a pure formula
of the point, so that one slice can be made without the others. Shapes are level sets
(positive inside, about millimetres); cortex and cerebellum are folded by the zero
surfaces of band-limited random fields, as sulci are.
"""

from __future__ import annotations

from enum import IntEnum, auto

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

SEED = 20260


class Tissue(IntEnum):
    """What a point of the head is made of."""

    AIR = 0
    SKIN = auto()
    FAT = auto()
    MUSCLE = auto()
    BONE = auto()
    MARROW = auto()
    CSF = auto()
    GREY = auto()
    WHITE = auto()
    DEEP_GREY = auto()
    PALLIDUM = auto()
    VITREOUS = auto()
    LENS = auto()
    MUCOSA = auto()
    VESSEL = auto()
    CAPSULE = auto()  # the oil capsule that radiographers tape to the left temple


class Points:
    """Coordinates of a block of points, each of one shape, in mm."""

    def __init__(self, x: Array, y: Array, z: Array) -> None:
        self.x, self.y, self.z = x, y, z

    def stacked(self) -> Array:
        """Return the coordinates as [..., 3]."""
        return np.stack([self.x, self.y, self.z], axis=-1)


def random_field(points: Array, wavelength: float, stream: int, waves: int = 40) -> Array:
    """A smooth random field of unit variance at `points` [..., 3].

    A sum of plane waves of nearly one wavelength (mm); its zero surfaces are the
    labyrinth that the folds are made from.
    """
    draw = np.random.default_rng([SEED, stream])
    direction = draw.normal(size=(waves, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    number = 2 * np.pi / (wavelength * draw.uniform(0.75, 1.3, size=(waves, 1)))
    vectors = (direction * number).astype(np.float32)
    phases = draw.uniform(0, 2 * np.pi, size=waves).astype(np.float32)
    total = np.zeros(points.shape[:-1], dtype=np.float32)
    for vector, phase in zip(vectors, phases, strict=True):
        total += np.cos(points @ vector + phase)
    return total * np.float32(np.sqrt(2 / waves))


def ellipsoid(
    p: Points, centre: tuple[float, float, float], radii: tuple[float, float, float]
) -> Array:
    """Depth below an ellipsoid's surface: positive inside, about mm."""
    q = [(c - m) / r for c, m, r in zip((p.x, p.y, p.z), centre, radii, strict=True)]
    k0 = np.sqrt(q[0] ** 2 + q[1] ** 2 + q[2] ** 2)
    k1 = np.sqrt(sum((a / r) ** 2 for a, r in zip(q, radii, strict=True)))
    return (k0 * (1 - k0) / np.maximum(k1, 1e-6)).astype(np.float32)


def tube(p: Points, nodes: list[tuple[float, float, float, float]]) -> Array:
    """Depth inside a chain of rounded cones, nodes being (x, y, z, radius)."""
    best = np.full(p.x.shape, -1e3, dtype=np.float32)
    for (ax, ay, az, ar), (bx, by, bz, br) in zip(nodes, nodes[1:], strict=False):
        dx, dy, dz = bx - ax, by - ay, bz - az
        length = dx * dx + dy * dy + dz * dz
        t = ((p.x - ax) * dx + (p.y - ay) * dy + (p.z - az) * dz) / length
        t = np.clip(t, 0, 1)
        gap = np.sqrt(
            (p.x - ax - t * dx) ** 2 + (p.y - ay - t * dy) ** 2 + (p.z - az - t * dz) ** 2
        )
        best = np.maximum(best, ar + t * (br - ar) - gap)
    return best


def mirrored(p: Points) -> Points:
    """The same points folded onto the left side, for paired organs."""
    return Points(np.abs(p.x), p.y, p.z)


def smooth_max(a: Array, b: Array, width: float) -> Array:
    """The larger of two depths with a rounded seam of `width` mm."""
    mix = np.clip(0.5 + 0.5 * (a - b) / width, 0, 1)
    return (b + (a - b) * mix + width * mix * (1 - mix)).astype(np.float32)


# ------------------------------------------------------------------ outlines


def dome(p: Points) -> Array:
    """Depth below the calvaria: a dome above, a slowly narrowing cup below."""
    z = np.where(p.z > 12, p.z - 12, (p.z - 12) * 0.55).astype(np.float32)
    # the head is narrower in front than behind
    x = p.x * (1 + 0.0011 * (-p.y)).astype(np.float32)
    return ellipsoid(Points(x, p.y, z), (0, 4, 0), (69.5, 87, 66))


def vault(p: Points) -> Array:
    """Depth below the inner table of the skull, base and fossae included."""
    m = mirrored(p)
    anterior = p.z + 12 + 0.9 * np.maximum(0, p.y + 22)
    middle = ellipsoid(m, (43, -7, -17), (26, 42, 23))
    posterior = ellipsoid(p, (0, 42, -30), (60, 47, 38))
    clivus = tube(p, [(0, -10, -8, 13), (0, 8, -30, 17), (0, 20, -70, 14)])
    base = np.max([anterior, middle, posterior, clivus], axis=0)
    return np.minimum(dome(p), base).astype(np.float32)


def outline(p: Points) -> Array:
    """Depth below the skin: the dome with its coverings, and the face in front of it."""
    cranium = dome(p) + 13.0
    z = np.where(p.z > -14, p.z + 14, 0).astype(np.float32)
    face = ellipsoid(Points(p.x, p.y, z), (0, -24, 0), (71, 75, 34))
    nose = tube(p, [(0, -92, -12, 6), (0, -106, -34, 9), (0, -108, -60, 11)])
    return smooth_max(smooth_max(cranium, face, 8), nose, 9)


def cerebrum(p: Points, inner: Array) -> Array:
    """Depth below the hull of the two hemispheres, sulci filled in."""
    behind = 1 / (1 + np.exp(-(p.y - 12) / 6))
    before = 1 / (1 + np.exp((p.y + 18 + 0.25 * np.abs(p.x)) / 2.5))
    floor = (-30 * before - 6 * (1 - before)) * (1 - behind)
    floor += (-1 - 0.10 * np.abs(p.x) - 0.2 * np.maximum(0, p.y - 36)) * behind  # the tentorium
    gap = 2.2 + 0.7 * random_field(p.stacked(), 55, 9, 10)
    main = np.minimum(inner - gap, p.z - floor)
    temporal = ellipsoid(mirrored(p), (43, -6, -16), (24, 39, 24))
    temporal = np.minimum(temporal, inner - gap)
    return smooth_max(main, temporal, 4)


# ------------------------------------------------------------------- folding


def fold_distance(field: Array, wavelength: float, spacing: tuple[float, float, float]) -> Array:
    """Distance in mm to the zero surface of a field on the grid [z, y, x]."""
    steps = [
        np.gradient(field, s, axis=i) if field.shape[i] > 1 else 0 * field
        for i, s in enumerate(spacing)
    ]
    slope = np.sqrt(sum(g * g for g in steps) + (0.22 * 2 * np.pi / wavelength) ** 2)
    return (np.abs(field) / slope).astype(np.float32)


def radial_coordinates(p: Points, depth: Array) -> Array:
    """Coordinates in which little changes with depth, so that sulci run inwards."""
    centre = np.array([0, 2, 14], dtype=np.float32)
    offset = p.stacked() - centre
    radius = np.linalg.norm(offset, axis=-1, keepdims=True) + 1e-3
    surface = radius + np.clip(depth, 0, 40)[..., None]
    return (centre + offset / radius * (surface - 0.42 * np.clip(depth, 0, 60)[..., None])).astype(
        np.float32
    )


def sylvian_distance(p: Points) -> Array:
    """Distance to the Sylvian fissure and the insular cistern, in mm."""
    m = mirrored(p)
    lateral = -tube(m, [(72, 10, 13, 0), (56, 0, 7, 0), (41, -7, 2, 0)])
    insula = -tube(
        Points(m.x, m.y, m.z * 0.45),
        [(38, -19, 1, 0), (36, -5, 2, 0), (38, 8, 3, 0), (43, 20, 5, 0)],
    )
    stem = -tube(m, [(38, -16, -2, 0), (24, -16, -8, 0), (14, -15, -10, 0)])
    return np.minimum(np.minimum(lateral, insula), stem).astype(np.float32)


def sulci(p: Points, depth: Array, spacing: tuple[float, float, float]) -> tuple[Array, Array]:
    """Distance to the nearest sulcus and half the width of its CSF, both in mm."""
    warped = radial_coordinates(p, depth)
    side = np.where(p.x > 0, 400.0, 0.0).astype(np.float32)
    warped[..., 0] += side  # the hemispheres fold differently
    warped[..., 2] *= 0.6  # folds stand more upright than they lie
    bend = 5.0 * np.stack([random_field(warped, 38, s, 14) for s in (1, 2, 3)], axis=-1)
    first = fold_distance(random_field(warped + bend, 24, 4), 24, spacing)
    second = fold_distance(random_field(warped + bend, 17, 5), 17, spacing)
    reach = 20 + 5 * random_field(warped, 45, 6, 16)
    shallow = 9.5 + 3 * random_field(warped, 30, 7, 16)
    first = np.hypot(first, 1.5 * np.maximum(0, depth - reach))
    second = np.hypot(second, 1.5 * np.maximum(0, depth - shallow))
    width = np.clip(0.85 + 0.35 * random_field(warped, 50, 8, 12) - 0.035 * depth, 0.15, 1.6)
    # no sulcus enters the callosum, the nuclei or the white matter between them
    core = ellipsoid(p, (0, 3, 8), (43, 44, 24))
    distance = np.minimum(first, second) + 1.5 * np.maximum(0, core + 2)
    fissure = sylvian_distance(p)
    wide = fissure - 1.1 < distance
    return np.minimum(distance, fissure).astype(np.float32), np.where(wide, 1.3, width).astype(
        np.float32
    )


def midline_depth(p: Points) -> Array:
    """Distance from the interhemispheric fissure, large where callosum or thalami bridge it."""
    wobble = 0.9 * np.sin(p.y / 23 + 0.5) + 0.4 * np.sin(p.y / 9 + p.z / 13)
    callosum = ellipsoid(p, (0, 2, 6), (60, 37, 27))
    bridge = np.maximum(0, callosum + 1.0)
    return (np.abs(p.x - wobble) + 3 * bridge).astype(np.float32)


# ------------------------------------------------------------------ interior


def ventricles(p: Points) -> Array:
    """Depth inside the lateral, third and fourth ventricles and the aqueduct."""
    m = Points(np.abs(p.x) * np.where(p.x > 0, 0.96, 1.05).astype(np.float32), p.y, p.z)
    wide = Points(m.x, m.y, m.z * 0.8)
    body = tube(
        wide,
        [
            (11, -37, 4, 2.2),
            (8.5, -27, 9, 4.4),
            (6.2, -12, 14, 4.2),
            (8, 4, 18, 4.0),
            (15, 20, 17, 4.4),
            (24, 33, 10, 6.0),
            (25, 46, 6, 4.2),
            (21, 60, 4, 1.8),
        ],
    )
    temporal = tube(m, [(25, 34, 10, 5), (32, 24, -4, 2.6), (32, 8, -14, 2.0), (28, -4, -17, 2.4)])
    septum = np.abs(p.x) - 0.7
    body = np.minimum(body, septum)
    third = np.minimum(ellipsoid(p, (0, 3, 1), (2.6, 15, 11)), 1e3)
    fourth = ellipsoid(Points(p.x, p.y + 0.35 * np.abs(p.x), p.z), (0, 31, -29), (9, 6.5, 13))
    aqueduct = tube(p, [(0, 17, -4, 1.1), (0, 25, -18, 1.1)])
    return np.max([body, temporal, third, fourth, aqueduct], axis=0)


def cisterns(p: Points) -> Array:
    """Depth inside the basal cisterns."""
    m = mirrored(p)
    star = tube(m, [(0, -10, -14, 7), (13, -15, -12, 3.5)])
    ambient = tube(
        m,
        [(0, -2, -16, 5), (15, 4, -13, 2.6), (18, 14, -9, 2.6), (11, 26, -5, 3.2), (0, 29, -3, 5)],
    )
    prepontine = tube(p, [(0, -4, -18, 6), (0, 0, -40, 5), (0, 8, -60, 5)])
    angle = tube(m, [(14, 8, -32, 3.5), (26, 14, -34, 3)])
    magna = tube(m, [(0, 66, -52, 7), (0, 56, -66, 9)])
    return np.max([star, ambient, prepontine, angle, magna], axis=0)


def brainstem(p: Points) -> Array:
    """Depth inside midbrain, pons and medulla."""
    stem = tube(
        p, [(0, 10, -4, 11), (0, 13, -16, 12.5), (0, 13, -28, 16), (0, 19, -44, 9), (0, 26, -80, 8)]
    )
    peduncle = tube(mirrored(p), [(11, 3, -4, 5), (7, 4, -18, 6)])
    arm = tube(mirrored(p), [(10, 20, -28, 7), (22, 36, -34, 7)])
    return np.max([stem, peduncle, arm], axis=0)


def cerebellum(p: Points) -> Array:
    """Depth below the hull of the cerebellum."""
    half = ellipsoid(mirrored(p), (24, 46, -32), (35, 37, 25))
    vermis = ellipsoid(p, (0, 44, -22), (17, 26, 22))
    return smooth_max(half, vermis, 5)


DEEP_GREY = [  # centre (left side), radii
    ((11.0, 9.0, 6.0), (8.5, 14.0, 9.0)),  # thalamus
    ((13.5, -21.0, 9.0), (5.0, 9.0, 11.0)),  # head of the caudate
    ((17.0, 0.0, 24.0), (3.0, 16.0, 4.0)),  # body of the caudate
    ((26.5, -3.0, 5.0), (4.8, 15.5, 10.0)),  # putamen
    ((24.0, -7.0, -16.0), (7.0, 8.0, 7.0)),  # amygdala
    ((27.0, 10.0, -14.0), (5.0, 15.0, 5.0)),  # hippocampus
]
DARK_GREY = [
    ((19.0, -1.0, 3.5), (4.2, 9.5, 7.0)),  # globus pallidus
    ((5.5, 8.0, -10.0), (3.2, 3.8, 3.5)),  # red nucleus
    ((16.0, 42.0, -34.0), (5.0, 7.0, 4.0)),  # dentate nucleus
]
