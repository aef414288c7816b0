"""The figures of rows made by hand are the ones worked out by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from miqa_app.core.artefact_kinds import KEYS
from miqa_app.evaluation.figures import Row, as_table, figures
from miqa_app.evaluation.held_out import EvaluationRecipe


def row(source: str, kind: str, severity: float, q: float) -> Row:
    """A perfect model: its score is Q, its kind is certain, its map and the baselines are right."""
    return Row(
        source=source,
        slice=f"{source}/1",
        kind=kind,
        severity=severity,
        q=q,
        score=q,
        probabilities={key: float(key == kind) for key in KEYS},
        map_auc=0.8 if kind in {"wrap", "zipper"} else 0.1,
        niqe=-q,
        gradient_entropy=q,
    )


@pytest.fixture
def rows() -> list[Row]:
    result = []
    for source in ("one", "two"):
        for place, kind in enumerate(KEYS):
            for severity in (0.2, 0.5, 0.9):
                result.append(row(source, kind, severity, 90 - 80 * severity - 0.3 * place))
        result += [row(source, "", 0, 100), row(source, "", 0, 100)]
    return result


def test_a_perfect_model_has_perfect_figures(
    rows: list[Row], small_evaluation: EvaluationRecipe
) -> None:
    values = figures(rows, small_evaluation)
    assert (values["images"], values["clean_images"]) == (2 * (39 + 2), 4)
    assert values["lowest_source_srocc"] == pytest.approx(1)
    assert values["pooled"]["srocc"] == pytest.approx(1)
    assert values["pooled"]["plcc"] == pytest.approx(1)
    assert values["kind_macro_auc"] == 1
    assert values["pairs_ranked_right"] == 1
    assert (values["clean_mean"], values["clean_below_acceptable"]) == (100, 0)
    assert values["baselines"]["niqe_mri_srocc"] == pytest.approx(1)
    assert values["baselines"]["gradient_entropy_srocc"] == pytest.approx(-1)
    for kind in KEYS:
        assert values["by_kind"][kind] == pytest.approx({"srocc": 1, "srocc_severity": 1, "auc": 1})


def test_the_headline_is_the_worst_source(
    rows: list[Row], small_evaluation: EvaluationRecipe
) -> None:
    turned = [replace(r, score=-r.score) if r.source == "two" else r for r in rows]
    values = figures(turned, small_evaluation)
    assert values["by_source"]["one"]["srocc"] == pytest.approx(1)
    assert values["lowest_source_srocc"] == pytest.approx(-1)
    assert values["by_source"]["two"]["images"] == 41


def test_a_pair_in_the_wrong_order_and_a_tie_count_as_wrong(
    rows: list[Row], small_evaluation: EvaluationRecipe
) -> None:
    # 26 groups of three severities have 78 pairs; swapping the outer two of a group turns all three of it
    low, middle, high = rows[0], rows[1], rows[2]
    swapped = [replace(low, score=high.score), middle, replace(high, score=low.score), *rows[3:]]
    assert figures(swapped, small_evaluation)["pairs_ranked_right"] == pytest.approx(75 / 78)
    tied = [replace(low, score=middle.score), *rows[1:]]
    assert figures(tied, small_evaluation)["pairs_ranked_right"] == pytest.approx(77 / 78)


def test_the_auc_of_a_kind_is_the_rank_sum_over_all_images(
    rows: list[Row], small_evaluation: EvaluationRecipe
) -> None:
    blind = [replace(r, probabilities=r.probabilities | {"blur": 0.5}) for r in rows]
    values = figures(blind, small_evaluation)
    assert values["by_kind"]["blur"]["auc"] == pytest.approx(0.5)
    assert values["kind_macro_auc"] == pytest.approx((12 + 0.5) / 13)


def test_the_map_figure_is_taken_over_the_local_kinds_only(
    rows: list[Row], small_evaluation: EvaluationRecipe
) -> None:
    values = figures(rows, small_evaluation)
    assert values["map_auc_local_kinds"] == pytest.approx((0.8 + 0.8 + 0.1) / 3)
    missing = [replace(r, map_auc=math.nan) if r.kind == "wrap" else r for r in rows]
    assert figures(missing, small_evaluation)["map_auc_local_kinds"] == pytest.approx(0.45)


def test_clean_slices_below_the_acceptable_line_are_counted(
    rows: list[Row], small_evaluation: EvaluationRecipe
) -> None:
    clean = [place for place, r in enumerate(rows) if not r.kind]
    rows[clean[0]] = replace(rows[clean[0]], score=69.9)
    rows[clean[1]] = replace(rows[clean[1]], score=70.0)
    values = figures(rows, small_evaluation)
    assert values["clean_below_acceptable"] == pytest.approx(0.25)
    assert values["clean_mean"] == pytest.approx((69.9 + 70 + 200) / 4)


def test_a_baseline_is_taken_where_it_is_defined(
    rows: list[Row], small_evaluation: EvaluationRecipe
) -> None:
    holed = [replace(r, niqe=math.nan) if n % 3 == 0 else r for n, r in enumerate(rows)]
    assert figures(holed, small_evaluation)["baselines"]["niqe_mri_srocc"] == pytest.approx(1)
    none = [replace(r, niqe=math.nan) for r in rows]
    assert np.isnan(figures(none, small_evaluation)["baselines"]["niqe_mri_srocc"])


def test_the_table_states_every_source_and_kind_in_markdown(
    rows: list[Row], small_evaluation: EvaluationRecipe
) -> None:
    table = as_table(figures(rows, small_evaluation))
    assert table.startswith("Evaluation phantom-1, 82 images (4 clean), Q version q-1")
    assert "| SROCC, lowest source | 1.000 |" in table
    assert "| clean slices: mean score / share below 70 | 100.0 / 0.000 |" in table
    for name in ("one", "two", *KEYS):
        assert f"| {name} |" in table
    assert "MOS" not in table
