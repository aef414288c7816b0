"""Linked scrolling: the same place in the patient, or nothing."""

import numpy as np

from miqa_app.core.geometry import Geometry
from miqa_app.gui.viewer.link import ManualLink, matching_slice, same_frame_of_reference
from tests.gui.conftest import axial, make_series


def test_slices_match_by_position_not_by_number():
    coarse = make_series((6, 8, 8), geometry=axial(6, step=10.0))
    fine = make_series((30, 8, 8), geometry=axial(30, step=2.0))
    assert matching_slice(coarse, 3, fine) == 15
    assert matching_slice(fine, 16, coarse) == 3


def test_no_match_outside_the_stack_across_planes_or_without_geometry():
    near = make_series((6, 8, 8), geometry=axial(6))
    far = make_series((6, 8, 8), geometry=axial(6, z=500.0))
    origins = np.stack([np.array([5.0 * k, 0, 0]) for k in range(6)])
    sagittal = make_series(
        (6, 8, 8),
        geometry=Geometry(origins, np.array([0, 1.0, 0]), np.array([0, 0, -1.0]), 1, 1, 5),
    )
    assert matching_slice(near, 0, far) is None
    assert matching_slice(near, 0, sagittal) is None
    assert matching_slice(near, 0, make_series(geometry=None)) is None


def test_without_a_declared_frame_of_reference_nothing_is_assumed():
    assert not same_frame_of_reference(make_series(), make_series(key="b"))


def test_a_manual_link_keeps_the_distance_of_the_moment():
    link = ManualLink({"a": 3, "b": 10})
    assert link.target("a", 5, "b") == 12
    assert link.target("a", 5, "c") is None


def test_the_same_frame_of_reference_links():
    assert same_frame_of_reference(
        make_series(frame_of_reference="1.2"), make_series(key="b", frame_of_reference="1.2")
    )
    assert not same_frame_of_reference(
        make_series(frame_of_reference="1.2"), make_series(key="b", frame_of_reference="1.3")
    )
