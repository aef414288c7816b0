"""Voxels find their place in the patient, and the edges their letters."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from miqa_app.core.geometry import Geometry, direction_letters, edge_letters, plane_name

X, Y, Z = np.eye(3)


def plane(columns: np.ndarray, rows: np.ndarray, **facts: object) -> Geometry:
    values = {"origins": np.zeros((1, 3)), "row_spacing": 1.0, "column_spacing": 1.0} | facts
    return Geometry(along_columns=columns, along_rows=rows, **values)  # type: ignore[arg-type]


def test_the_edges_of_the_three_standard_planes_carry_the_radiological_letters() -> None:
    axial = edge_letters(plane(X, Y))
    assert axial == {"left": "R", "right": "L", "top": "A", "bottom": "P"}
    coronal = edge_letters(plane(X, -Z))
    assert coronal == {"left": "R", "right": "L", "top": "H", "bottom": "F"}
    sagittal = edge_letters(plane(Y, -Z))
    assert sagittal == {"left": "A", "right": "P", "top": "H", "bottom": "F"}


def test_an_oblique_edge_names_the_stronger_side_first() -> None:
    assert direction_letters(np.array([0.0, 0.8, 0.6])) == "PH"
    assert direction_letters(np.array([-0.9, -0.4, 0.1])) == "RA"
    assert direction_letters(np.array([0.1, 0.1, -0.99])) == "F"


def test_planes_are_named_by_their_normal() -> None:
    assert plane_name(plane(X, Y)) == "axial"
    assert plane_name(plane(X, -Z)) == "coronal"
    assert plane_name(plane(Y, -Z)) == "sagittal"
    assert plane_name(plane(X, (Y + Z) / np.sqrt(2))) == "oblique"


def test_a_voxel_lies_where_the_dicom_equation_puts_it() -> None:
    geometry = plane(
        Y, -Z, origins=np.array([[1.0, 2, 3], [4, 2, 3]]), row_spacing=0.5, column_spacing=0.25
    )
    assert geometry.to_patient(1, row=10, column=20).tolist() == [4, 2 + 5, 3 - 5]
    assert geometry.aspect == 2


angle = st.floats(-np.pi, np.pi)


@given(a=angle, b=angle, c=angle, row=st.floats(-500, 500), column=st.floats(-500, 500))
def test_a_place_in_the_patient_leads_back_to_its_voxel(
    a: float, b: float, c: float, row: float, column: float
) -> None:
    turn = _turned(a, 0) @ _turned(b, 1) @ _turned(c, 2)
    origin = np.array([[12.0, -40.0, 7.5]])
    geometry = plane(turn[:, 0], turn[:, 1], origins=origin, row_spacing=0.7, column_spacing=1.3)
    away = geometry.to_patient(0, row, column) - origin[0]
    assert away @ geometry.along_rows / 0.7 == pytest.approx(row, abs=1e-6)
    assert away @ geometry.along_columns / 1.3 == pytest.approx(column, abs=1e-6)
    assert away @ geometry.normal == pytest.approx(0, abs=1e-6)
    assert geometry.normal == pytest.approx(turn[:, 2], abs=1e-9)


@given(a=angle, b=angle, c=angle)
def test_opposite_edges_carry_opposite_letters(a: float, b: float, c: float) -> None:
    turn = _turned(a, 0) @ _turned(b, 1) @ _turned(c, 2)
    sizes = np.sort(np.abs(turn), axis=0)
    assume((np.diff(sizes, axis=0) > 1e-9).all())  # a tie has no first letter
    letters = edge_letters(plane(turn[:, 0], turn[:, 1]))
    opposite = str.maketrans("RLAPFH", "LRPAHF")
    assert letters["left"] == letters["right"].translate(opposite)
    assert letters["top"] == letters["bottom"].translate(opposite)
    assert all(letters.values())


def _turned(radians: float, axis: int) -> np.ndarray:
    one, two = [other for other in range(3) if other != axis]
    matrix = np.eye(3)
    matrix[one, one] = matrix[two, two] = np.cos(radians)
    matrix[one, two], matrix[two, one] = -np.sin(radians), np.sin(radians)
    if axis == 1:
        return matrix.T
    return matrix


def test_directions_that_are_not_perpendicular_unit_vectors_are_refused() -> None:
    with pytest.raises(ValueError, match="perpendicular"):
        plane(X, (X + Y) / np.sqrt(2))
    with pytest.raises(ValueError, match="perpendicular"):
        plane(X, 2 * Y)


@pytest.mark.parametrize("spacing", [0.0, -1.0, float("nan")])
def test_a_spacing_that_is_not_positive_is_refused(spacing: float) -> None:
    with pytest.raises(ValueError, match="spacing"):
        plane(X, Y, row_spacing=spacing)
