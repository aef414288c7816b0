"""Painting the synthetic head: from the shapes of phantom_head to one tissue per point."""

from __future__ import annotations

import numpy as np
import phantom_head as head
from numpy.typing import NDArray
from phantom_head import Array, Points, Tissue

Labels = NDArray[np.uint8]
Spacing = tuple[float, float, float]


def label(p: Points, spacing: Spacing) -> Labels:
    """Return the tissue of every point of a grid [z, y, x] with `spacing` in mm."""
    wobbled = _wobbled(p)
    inner = head.vault(wobbled)
    labels = np.zeros(p.x.shape, dtype=np.uint8)
    _coverings(labels, wobbled, inner)
    _face(labels, wobbled, inner)
    _skull(labels, wobbled, inner)
    labels[inner > 0] = Tissue.CSF
    _cerebellum(labels, wobbled, inner, spacing)
    _hemispheres(labels, wobbled, inner, spacing)
    _interior(labels, wobbled, inner)
    _vessels(labels, wobbled, inner)
    capsule = head.tube(p, [(83, -30, 14, 4.0), (83, -22, 24, 4.0)])
    labels[(capsule > 0) & (labels == Tissue.AIR)] = Tissue.CAPSULE
    return labels


def _wobbled(p: Points) -> Points:
    """Bend space by a millimetre or two: nobody is an ellipsoid, nobody is symmetric."""
    q = p.stacked()
    shift = [
        1.1 * head.random_field(q, 75, s, 10) + 0.35 * head.random_field(q, 26, s + 3, 14)
        for s in (20, 21, 22)
    ]
    return Points(p.x + shift[0], p.y + shift[1], p.z + 0.5 * shift[2])


def _coverings(labels: Labels, p: Points, inner: Array) -> None:
    """Skin, subcutaneous fat, and the temporal and neck muscles."""
    depth = head.outline(p)
    q = p.stacked()
    labels[depth > 0] = Tissue.SKIN
    labels[depth > 1.7 + 0.3 * head.random_field(q, 30, 30, 10)] = Tissue.FAT
    m = head.mirrored(p)
    temporalis = head.ellipsoid(m, (70, -34, -6), (14, 30, 42))
    labels[(temporalis > 0) & (depth > 3.8)] = Tissue.MUSCLE
    neck = head.ellipsoid(m, (24, 92, -62), (34, 26, 32))
    strands = head.random_field(q, 9, 31, 16) > 1.15
    labels[(neck > 0) & (depth > 6) & ~strands] = Tissue.MUSCLE
    base = (p.z < -16) & (inner < 0) & (depth > 9) & (np.abs(p.x) > 16)
    labels[base & (head.random_field(q, 16, 32, 16) > -0.5)] = Tissue.MUSCLE
    galea = np.abs(inner + 8.6 + 0.4 * head.random_field(q, 20, 33, 10)) < 0.5
    labels[galea & (labels == Tissue.FAT) & (p.z > -10)] = Tissue.MUSCLE


def _face(labels: Labels, p: Points, inner: Array) -> None:
    """Orbits with their globes, nerves and muscles, the nose and its sinuses."""
    m = head.mirrored(p)
    outside = inner < -2
    q = p.stacked()
    orbit = head.tube(m, [(31, -74, -24, 18), (21, -48, -22, 9), (13, -34, -18, 3)])
    wall = (orbit > -2.2) & outside & (head.outline(p) > 5)
    labels[wall] = Tissue.BONE
    inside = (orbit > 0) & outside & (labels > 0)
    labels[inside] = Tissue.FAT
    nerve = head.tube(m, [(30, -62, -23, 2.3), (21, -50, -20, 2.2), (12, -32, -17, 2.2)])
    medial = head.tube(m, [(19, -70, -23, 1.8), (16.5, -62, -21, 2.8), (17, -48, -20, 1.5)])
    lateral = head.tube(m, [(43, -70, -23, 1.6), (37, -60, -21, 2.6), (24, -46, -20, 1.5)])
    labels[((medial > 0) | (lateral > 0) | (nerve > 0)) & outside & (labels > 0)] = Tissue.MUSCLE
    globe = head.ellipsoid(m, (31.5, -75, -23), (12.2, 12.6, 12.2))
    labels[globe > 0] = Tissue.MUSCLE
    labels[globe > 1.0] = Tissue.VITREOUS
    labels[head.ellipsoid(m, (32, -83.5, -23), (4.6, 2.2, 4.6)) > 0] = Tissue.LENS
    _airways(labels, p, inner, q)


def _airways(labels: Labels, p: Points, inner: Array, q: Array) -> None:
    """Frontal, ethmoid, sphenoid and maxillary sinuses, nasal cavity and mastoid cells."""
    m = head.mirrored(p)
    outside = inner < -2
    spots = head.random_field(q, 8, 40, 24)
    nasal = head.ellipsoid(m, (0, -66, -40), (15, 34, 16))
    ethmoid = head.ellipsoid(m, (6, -62, -22), (9, 25, 11))
    sphenoid = head.ellipsoid(m, (8, -27, -24), (10, 13, 9))
    frontal = head.ellipsoid(m, (9, -90, 4), (12, 4.6, 11))
    maxillary = head.ellipsoid(m, (30, -60, -50), (14, 18, 14))
    rooms = np.max([ethmoid, sphenoid, frontal, maxillary, nasal], axis=0)
    tissue = (rooms > -1.2) & outside & (labels > 0) & (labels != Tissue.VITREOUS)
    labels[tissue] = Tissue.MUCOSA
    septa = (ethmoid > -1) & (np.abs(spots) < 0.22)
    turbinate = (nasal > 0) & (spots > 0.35)
    septum = (nasal > 0) & (np.abs(p.x) < 1.6)
    labels[(rooms > 0.6) & outside & (labels == Tissue.MUCOSA) & ~septa & ~turbinate & ~septum] = (
        Tissue.AIR
    )
    petrous = head.tube(m, [(17, 2, -36, 9), (38, 14, -34, 10), (62, 30, -36, 14)])
    bone = (petrous > 0) & (inner < 8)
    labels[bone] = Tissue.BONE
    canal = head.tube(m, [(22, 10, -33, 1.8), (34, 14, -33, 2.2)])
    labels[canal > 0] = Tissue.CSF


def _skull(labels: Labels, p: Points, inner: Array) -> None:
    """Two dark tables with marrow between; thin at the temples, thick behind."""
    q = p.stacked()
    thick = (
        6.4
        + 1.0 * head.random_field(q, 60, 50, 10)
        + 0.014 * p.y
        - 2.0 * np.exp(-(((p.y + 25) / 25) ** 2))
    )
    thick = np.clip(thick, 3.2, 8.5)
    shell = (inner <= 0) & (inner > -thick) & (p.z > -46 + 0.25 * p.y)
    spare = np.isin(labels, [Tissue.VITREOUS, Tissue.LENS])
    labels[shell & ~spare] = Tissue.BONE
    middle = np.abs(inner + thick / 2) < thick / 2 - 1.7 + 0.25 * head.random_field(q, 12, 51, 16)
    labels[shell & middle & ~spare] = Tissue.MARROW
    frontal = head.ellipsoid(head.mirrored(p), (9, -90.5, 6), (11, 3.4, 10))
    labels[(frontal > 0) & shell] = Tissue.AIR


def _hemispheres(labels: Labels, p: Points, inner: Array, spacing: Spacing) -> None:
    """Grey ribbon around every sulcus, white matter inside."""
    hull = head.cerebrum(p, inner)
    middle = head.midline_depth(p)
    depth = np.minimum(hull, middle - 0.7)
    fold, half_width = head.sulci(p, depth, spacing)
    q = p.stacked()
    ribbon = 2.7 + 0.35 * head.random_field(q, 14, 60, 14)
    inside = (depth > 0.3) & (fold > half_width)
    labels[inside] = Tissue.GREY
    white = inside & (depth > ribbon + 0.3) & (fold > half_width + ribbon)
    labels[white] = Tissue.WHITE
    insula = head.sylvian_distance(p)
    claustrum = (np.abs(insula - 6.6) < 0.5) & (np.abs(p.x) < 36) & (np.abs(p.x) > 27) & inside
    labels[claustrum] = Tissue.GREY
    pial = (hull < 0) & (inner > 0) & (inner < 1.2)
    labels[pial & (p.z > -10)] = Tissue.BONE  # dura is as dark as bone
    falx = (middle < 0.5) & (hull > 0) & (inner < 42)
    labels[falx & (labels == Tissue.CSF)] = Tissue.MUSCLE


def _cerebellum(labels: Labels, p: Points, inner: Array, spacing: Spacing) -> None:
    """Folia of alternating grey and CSF on a branching white core."""
    hull = np.minimum(head.cerebellum(p), inner - 2.5)
    q = p.stacked()
    layered = q * np.array([0.45, 1.0, 1.15], dtype=np.float32)
    bend = 2.2 * head.random_field(q, 24, 70, 14)[..., None]
    folia = head.fold_distance(head.random_field(layered + bend, 8.5, 71, 32), 8.5, spacing)
    inside = hull > 0
    labels[inside] = Tissue.GREY
    cleft = inside & (folia < 0.42) & (hull < 8)
    labels[cleft] = Tissue.CSF
    branch = head.fold_distance(head.random_field(layered + bend, 17, 72, 32), 17, spacing)
    core = (hull > 12 + 2 * head.random_field(q, 22, 73, 14)) | ((branch < 1.2) & (hull > 3.5))
    labels[inside & core] = Tissue.WHITE


def _interior(labels: Labels, p: Points, inner: Array) -> None:
    """Nuclei, ventricles, cisterns and brainstem, in the order in which they lie over one another."""
    m = head.mirrored(p)
    within = inner > 4
    for centre, radii in head.DEEP_GREY:
        nucleus = (head.ellipsoid(m, centre, radii) > 0) & within
        labels[nucleus & np.isin(labels, [Tissue.WHITE, Tissue.GREY])] = Tissue.DEEP_GREY
    labels[(head.cisterns(p) > 0) & within] = Tissue.CSF
    labels[(head.brainstem(p) > 0) & (inner > -20)] = Tissue.WHITE
    core = head.tube(p, [(0, 17, -6, 5), (0, 21, -20, 5), (0, 22, -30, 6)])
    labels[(core > 0) & within] = Tissue.DEEP_GREY
    for centre, radii in head.DARK_GREY:
        nucleus = (head.ellipsoid(m, centre, radii) > 0) & within
        labels[nucleus] = Tissue.PALLIDUM
    rooms = head.ventricles(p)
    labels[(rooms > -0.9) & (rooms <= 0) & within & (labels == Tissue.GREY)] = Tissue.WHITE
    labels[(rooms > 0) & within] = Tissue.CSF
    plexus = head.tube(m, [(20, 26, 20, 1.6), (24, 34, 12, 2.6)])
    labels[(plexus > 0) & (rooms > 0)] = Tissue.DEEP_GREY


def _vessels(labels: Labels, p: Points, inner: Array) -> None:
    """Flow voids of the great arteries and sinuses."""
    m = head.mirrored(p)
    arteries = np.max(
        [
            head.tube(p, [(0, -1, -18, 1.7), (1, 1, -34, 1.8)]),
            head.tube(
                m, [(9, -14, -24, 2.4), (8, -13, -14, 2.2), (24, -15, -8, 1.5), (37, -12, -3, 1.2)]
            ),
            head.tube(m, [(2, -20, -10, 1.2), (1.8, -38, 0, 1.1), (1.5, -42, 20, 1.0)]),
            head.tube(m, [(3, 0, -17, 1.2), (17, 8, -13, 1.1), (14, 26, -6, 1.0)]),
        ],
        axis=0,
    )
    labels[(arteries > 0) & (labels == Tissue.CSF)] = Tissue.VESSEL
    sinus = (
        (np.abs(p.x) < 4.4 - 0.75 * np.maximum(inner, 0))
        & (inner > -0.5)
        & (inner < 5.2)
        & (p.z > 0)
    )
    labels[sinus] = Tissue.VESSEL
    transverse = (
        (np.abs(p.z + 16 - 0.1 * np.abs(p.x)) < 3) & (inner > 0) & (inner < 4.5) & (p.y > 25)
    )
    labels[transverse] = Tissue.VESSEL
