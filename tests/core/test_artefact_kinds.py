"""There is one list of artefact kinds, with words for each."""

from __future__ import annotations

import re

import pytest

from miqa_app.core.artefact_kinds import ARTEFACT_KINDS, BY_KEY, KEYS, ArtefactKind


def test_the_thirteen_keys_stand_in_the_order_of_the_network_output() -> None:
    assert KEYS == (
        "ghosting",
        "edge_ghosting",
        "white_noise",
        "coloured_noise",
        "rician_noise",
        "motion",
        "blur",
        "gibbs",
        "spike",
        "bias_field",
        "wrap",
        "zipper",
        "signal_loss",
    )
    assert {key: kind.key for key, kind in BY_KEY.items()} == {key: key for key in KEYS}


@pytest.mark.parametrize("kind", ARTEFACT_KINDS, ids=KEYS)
def test_every_kind_has_a_name_and_one_sentence_of_advice(kind: ArtefactKind) -> None:
    assert kind.name[0].isupper()
    assert re.fullmatch(r"[A-Z][^.!?]{30,}\.", kind.advice)


def test_no_two_kinds_share_a_name_or_their_advice() -> None:
    assert len({kind.name for kind in ARTEFACT_KINDS}) == len(KEYS)
    assert len({kind.advice for kind in ARTEFACT_KINDS}) == len(KEYS)
