"""Score colours: even, ordered in grey, the same for everybody; texts with enough contrast."""

import numpy as np
import pytest

from miqa_app.core.assessment import Thresholds, Verdict
from miqa_app.core.score_colours import (
    attention_colours,
    attention_table,
    heat_table,
    score_colours,
    score_rgb,
)
from miqa_app.gui import theme
from miqa_app.gui.colours import contrast, luminance

# Viénot, Brettel and Mollon 1999: linear RGB as a deuteranope sees it
DEUTERANOPIA = np.array(
    [[0.29275, 0.70725, 0.0], [0.29275, 0.70725, 0.0], [-0.02234, 0.02234, 1.0]]
)


def rgb(colour):
    return tuple(int(colour[k : k + 2], 16) for k in (1, 3, 5))


def test_lightness_falls_all_the_way_from_bad_to_good():
    grey = [luminance(tuple(c)) for c in score_colours()]
    assert all(a >= b - 1e-3 for a, b in zip(grey, grey[1:], strict=False))
    assert grey[0] > 0.7
    assert grey[-1] < 0.05


def test_attention_grows_brighter_all_the_way():
    grey = [luminance(tuple(c)) for c in attention_colours()]
    assert all(b >= a - 1e-3 for a, b in zip(grey, grey[1:], strict=False))
    assert grey[0] < 0.05
    assert grey[-1] > 0.7


def test_attention_has_no_colour_of_the_scores():
    far = np.linalg.norm(
        oklab(attention_colours() / 255)[:, None] - oklab(score_colours() / 255)[None], axis=2
    )
    # only the dark ends come near to one another, and those are all but clear on the image
    assert far[64:].min() > 0.1


def test_attention_is_strongest_where_the_model_looked_most():
    table = attention_table(0.6)
    alpha = table >> 24 & 255
    assert alpha[0] == 0
    assert alpha[255] == round(0.6 * 255)
    assert (np.diff(alpha.astype(int)) >= 0).all()


def test_a_deuteranope_tells_scores_ten_apart():
    linear = np.where(
        score_colours() / 255 <= 0.04045,
        score_colours() / 255 / 12.92,
        ((score_colours() / 255 + 0.055) / 1.055) ** 2.4,
    )
    seen = np.clip(linear @ DEUTERANOPIA.T, 0, 1) @ [0.2126, 0.7152, 0.0722]
    lightness = 116 * np.cbrt(seen) - 16
    assert (lightness[:-26] - lightness[26:]).min() > 4


def test_steps_look_equal():
    lab = oklab(score_colours() / 255)
    steps = np.linalg.norm(lab[16:] - lab[:-16], axis=1)
    assert steps.max() / steps.min() < 1.6


def oklab(share):
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    lms = np.cbrt(
        linear
        @ np.array(
            [
                [0.4122214708, 0.5363325363, 0.0514459929],
                [0.2119034982, 0.6806995451, 0.1073969566],
                [0.0883024619, 0.2817188376, 0.6299787005],
            ]
        ).T
    )
    return (
        lms
        @ np.array(
            [
                [0.2104542553, 0.7936177850, -0.0040720468],
                [1.9779984951, -2.4285922050, 0.4505937099],
                [0.0259040371, 0.7827717662, -0.8086757660],
            ]
        ).T
    )


def test_heat_is_premultiplied_and_clear_above_the_threshold():
    table = heat_table(0.6, 50)
    parts = np.stack([table >> shift & 255 for shift in (0, 8, 16, 24)], axis=1)
    assert (parts[:, :3] <= parts[:, 3:] + 1).all()
    assert parts[0, 3] == round(0.6 * 255)
    assert (parts[129:] == 0).all()


def test_a_score_has_one_colour_everywhere():
    assert score_rgb(0) == tuple(score_colours()[0])
    assert score_rgb(100) == tuple(score_colours()[255])


@pytest.mark.parametrize("look", [theme.DARK, theme.LIGHT], ids=lambda t: t.name)
def test_all_text_reaches_the_contrast_that_tired_eyes_need(look):
    for ground in (look.window, look.panel, look.raised, look.selected):
        for ink in (look.text, look.dim, look.advised, look.good, look.check, look.rescan):
            assert contrast(rgb(ink), rgb(ground)) >= 4.5, (ink, ground)
    assert contrast(rgb(look.on_accent), rgb(look.accent)) >= 4.5


def test_uncalibrated_accept_is_neither_green_nor_a_tick():
    raw, own = Thresholds(), Thresholds(calibrated=True)
    assert theme.verdict_colour(theme.DARK, Verdict.ACCEPT, raw) == theme.DARK.advised
    assert theme.verdict_shape(Verdict.ACCEPT, raw) == "verdict_advised"
    assert theme.verdict_shape(Verdict.ACCEPT, own) == "verdict_accept"


def test_every_verdict_has_its_own_shape():
    shapes = {theme.verdict_shape(verdict, Thresholds()) for verdict in Verdict}
    assert len(shapes) == len(Verdict)
