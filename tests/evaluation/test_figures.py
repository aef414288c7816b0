"""The figures of rows made by hand are the ones worked out by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from miqa_app.core.artefact_kinds import KEYS
from miqa_app.evaluation.figure_tables import as_table
from miqa_app.evaluation.figures import as_predictions, figures
from miqa_app.evaluation.held_out import EvaluationRecipe
from miqa_app.evaluation.measured import Row
from miqa_app.evaluation.reference_free import MEASURES


def row(source: str, kind: str, severity: float, q: float) -> Row:
    """A perfect model: its score is Q, its kind is certain, its map and the baselines are right."""
    return Row(
        groups={"source": source, "anatomy": "head", "vendor": "none", "sequence": source[0]},
        slice=f"{source}/1",
        kinds=(kind,) if kind else (),
        severity=severity,
        q=q,
        score=q,
        half=5.0,
        probabilities={key: float(key == kind) for key in KEYS},
        map_auc={"wrap": 0.8, "zipper": 0.8, "signal_loss": 0.1}.get(kind, math.nan),
        measures={m.key: -q if m.lower_is_better else q for m in MEASURES}
        | {"gradient_entropy": q},
        changes={"flip": 1.0, "gain": 3.0} if kind else {},
        without_air=None if kind else q - 40,
        coarse=None if kind else q - 20,
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
    assert values["clean_without_air_mean"] == pytest.approx(60)
    assert values["clean_without_air_below_acceptable"] == 1
    assert values["clean_coarse_mean"] == pytest.approx(80)
    assert values["clean_coarse_below_acceptable"] == 0
    assert (
        "with a coarse matrix (104 pixels): mean score / share below 70 | 80.0 / 0.000 |"
        in as_table(values)
    )
    assert values["baselines"]["niqe_mri"] == pytest.approx(1)
    assert values["baselines"]["gradient_entropy"] == pytest.approx(-1)
    assert (values["worst_kind_srocc"], values["worst_kind_plcc"]) == pytest.approx((1, 1))
    for kind in KEYS:
        perfect = ("srocc", "plcc", "srocc_severity", "pairs_ranked_right", "auc", "coverage")
        assert [values["by_kind"][kind][name] for name in perfect] == pytest.approx([1] * 6)


def test_the_headline_is_the_worst_source(
    rows: list[Row], small_evaluation: EvaluationRecipe
) -> None:
    turned = [replace(r, score=-r.score) if r.groups["source"] == "two" else r for r in rows]
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


def unmeasured(r: Row) -> Row:
    return replace(r, measures={**r.measures, "niqe_mri": math.nan})


def test_a_baseline_is_taken_where_it_is_defined(
    rows: list[Row], small_evaluation: EvaluationRecipe
) -> None:
    holed = [unmeasured(r) if n % 3 == 0 else r for n, r in enumerate(rows)]
    assert figures(holed, small_evaluation)["baselines"]["niqe_mri"] == pytest.approx(1)
    none = [unmeasured(r) for r in rows]
    assert np.isnan(figures(none, small_evaluation)["baselines"]["niqe_mri"])


def test_the_table_states_every_source_and_kind_in_markdown(
    rows: list[Row], small_evaluation: EvaluationRecipe
) -> None:
    table = as_table(figures(rows, small_evaluation))
    assert table.startswith("Evaluation phantom-1, 82 images (4 clean), Q version q-1")
    assert "| SROCC / PLCC, lowest source | 1.000 / 1.000 |" in table
    assert "| clean slices, mean score | 100.0 |" in table
    assert "| clean slices below 70 | 0.000 |" in table
    assert "with their air set to zero: mean score / share below 70 | 60.0 / 1.000 |" in table
    assert "goal" not in table
    assert "| SROCC / PLCC, pooled | 1.000 / 1.000 | ≥ 0.90 / 0.90 |" in as_table(
        figures(rows, small_evaluation), "lite"
    )
    for name in ("one", "two", *KEYS):
        assert f"| {name} |" in table
    assert "MOS" not in table


def test_the_interval_is_counted_pooled_by_source_and_by_kind(
    rows: list[Row], small_evaluation: EvaluationRecipe
) -> None:
    narrow = [replace(r, half=0.5, score=r.q - 1) if r.kind == "blur" else r for r in rows]
    values = figures(narrow, small_evaluation)
    assert values["by_kind"]["blur"]["coverage"] == 0
    assert values["by_kind"]["wrap"]["coverage"] == 1
    assert values["coverage"] == pytest.approx(1 - 6 / 82)
    assert values["by_source"]["one"]["coverage"] == pytest.approx(1 - 3 / 41)
    assert values["mean_half_width"] == pytest.approx((6 * 0.5 + 76 * 5) / 82)


def test_figures_of_an_older_model_are_shown_without_what_they_lack(
    rows: list[Row], small_evaluation: EvaluationRecipe
) -> None:
    older = [replace(r, without_air=None, coarse=None) for r in rows]
    values = figures(older, small_evaluation)
    assert "air" not in as_table(values)
    assert "coarse" not in as_table(values)
    for key in ("clean_without_air_mean", "clean_coarse_mean"):
        del values[key]
    assert "air" not in as_table(values)
    assert "coarse" not in as_table(values)


def test_changes_of_the_score_are_taken_where_they_were_tried(
    rows: list[Row], small_evaluation: EvaluationRecipe
) -> None:
    changes = figures(rows, small_evaluation)["changes"]
    assert changes["flip"] == {"mean": 1, "p95": 1, "images": 78}
    assert "| largest mean change of the score under flips, gain, shift | 3.00 |" in as_table(
        figures(rows, small_evaluation)
    )


def test_images_with_several_artefacts_count_for_the_kinds_but_not_within_one(
    rows: list[Row], small_evaluation: EvaluationRecipe
) -> None:
    both = replace(rows[0], kinds=("blur", "wrap"), q=1, score=99)
    values = figures([*rows, both], small_evaluation)
    assert values["by_kind"]["blur"]["srocc"] == pytest.approx(1)
    assert values["by_kind"]["blur"]["auc"] < 1  # its probability is that of another kind
    assert values["combined"]["images"] == 1


def test_the_table_of_methods_leaves_out_what_is_not_defined_everywhere(rows: list[Row]) -> None:
    table = as_predictions([*rows[:-1], unmeasured(rows[-1])], "tiny")
    assert set(table.methods) == {"tiny"} | {m.key for m in MEASURES} - {"niqe_mri"}
    assert len(set(table.images)) == len(table.images) == 82
    assert set(table.groups["kind"]) == {*KEYS, "clean"}
    assert np.array_equal(table.methods["entropy_focus"], table.targets)
