"""Labels of strata that may leave the house: words of the trade pass, anything else gets a stand-in.

Sequence names, body parts and kinds often come out of free text at the scanner, where people also write names. A label
passes only where every word of it is known here; others are called 'sequence A' and so on, and what they stand for is
kept in the local copy.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from miqa_app.core.artefact_kinds import ARTEFACT_KINDS, KEYS

if TYPE_CHECKING:
    from collections.abc import Iterable

_ANATOMY = """abdomen ankle arm bladder body brain breast cardiac cervical chest ear elbow extremity eye face fetal fetus
finger foot forearm hand head heart hip iac jaw joint kidney knee leg liver lower lumbar lumbosacral neck orbit pancreas
pelvis pituitary prostate rectum sacral shoulder skull spine cspine lspine tspine temporal thigh thoracic thorax tmj toe
upper uterus vessels whole wrist phantom""".split()  # noqa: SIM905 a list of words reads best as one

_SEQUENCE = """t1 t2 t2* t1w t2w t2*w pd pdw adc dwi dti dce dsc asl bold swi tof mra mrv mrcp flair stir ir tir tirm spair
spir se fse tse gre ge gr ep rm epi flash mprage mp2rage bravo spgr space cube vista vibe lava thrive dixon mdixon haste
ssfse trufi ssfp bssfp fiesta ciss dess medic merge ffe tfe fisp mese blade propeller radial spiral multi multiecho echo
single shot spin gradient inversion recovery turbo fast ax axial tra transverse transversal sag sagittal cor coronal obl
oblique 2d 3d 4d fs fat sat suppressed fatsat gd contrast enhanced post pre weighted water in out phase opposed bh breath
hold dynamic diffusion perfusion map localizer localiser scout cine iso late early""".split()  # noqa: SIM905

_VENDOR = """siemens healthineers philips ge medical systems healthcare canon toshiba hitachi fujifilm united imaging uih
bruker esaote hyperfine time synaptive neusoft mindray alltech aspect""".split()  # noqa: SIM905

_KIND = """clean combined distortion artefact artifact noise noisy ghost motion rigid rotation translation blurred blurring
ringing truncation spikes herringbone bias field inhomogeneity intensity nonuniformity wrapped aliasing foldover zipper rf
interference loss dropout susceptibility metal compression jpeg undersampling gaussian level mild moderate severe low medium
high none of""".split()  # noqa: SIM905

_ANYWHERE = ("and", "other", "unknown", "with", "without", "weighting")
_WORD = re.compile(r"[a-z0-9*]+")
_NUMBER = re.compile(r"\d{1,2}|b\d{1,4}")
_TESLA = re.compile(r"\d{1,2}(\.\d{1,3})? ?T")
_STAND_IN = re.compile(r"(anatomy|sequence|vendor|field|kind) [A-Z]{1,2}")


def _kind_words() -> set[str]:
    named = " ".join((*KEYS, *(kind.name.lower() for kind in ARTEFACT_KINDS)))
    return set(_WORD.findall(named.replace("_", " ")))


_KNOWN = {
    "anatomy": {*_ANATOMY, *_ANYWHERE},
    "sequence": {*_SEQUENCE, *_ANYWHERE},
    "vendor": {*_VENDOR, *_ANYWHERE},
    "field": set(_ANYWHERE),
    "kind": {*_KIND, *_kind_words(), *_ANYWHERE},
}
_MOST_WORDS = 8


def is_known(group: str, label: str) -> bool:
    """Return whether every word of a label belongs to the trade: no name, number or code of a person or house does."""
    if group == "field" and _TESLA.fullmatch(label):
        return True
    words = _WORD.findall(label.lower().replace("_", " "))
    plain = re.fullmatch(r"[A-Za-z0-9*_ ,./()+-]{1,60}", label) is not None
    numbers = group in ("sequence", "kind")
    return (
        plain
        and 0 < len(words) <= _MOST_WORDS
        and all(
            word in _KNOWN[group] or (numbers and _NUMBER.fullmatch(word) is not None)
            for word in words
        )
        and not all(_NUMBER.fullmatch(word) for word in words)
    )


def checked_label(label: str) -> str:
    """Return a label that may stand in evidence.

    Raises:
        ValueError: it holds a word that is not of the trade and is no stand-in.
    """
    if is_stand_in(label) or any(is_known(group, label) for group in _KNOWN):
        return label
    raise ValueError("a label with unknown words must be replaced by a stand-in")


def is_stand_in(label: str) -> bool:
    """Return whether a label stands for one that the site keeps to itself."""
    return _STAND_IN.fullmatch(label) is not None


def stand_ins(group: str, labels: Iterable[str]) -> dict[str, str]:
    """Return what each label is called in evidence: itself where it is known, otherwise 'sequence A' and so on.

    Args:
        group: one of 'anatomy', 'sequence', 'vendor', 'field', 'kind'.
        labels: as the site calls them, each as often as it likes; '' becomes 'unknown', several artefacts at once
            'combined'.
    """
    called: dict[str, str] = {}
    strange, labels = 0, set(labels)
    several = {label for label in labels if group == "kind" and _is_combined(label)}
    for label in sorted(labels):
        if not label.strip():
            called[label] = "unknown"
        elif label in several:
            called[label] = "combined"
        elif is_known(group, label):
            called[label] = label
        else:
            called[label] = f"{group} {_letters(strange)}"
            strange += 1
    return called


def _is_combined(label: str) -> bool:
    """Return whether a label joins keys of artefacts, as in 'motion+white_noise'."""
    parts = label.split("+")
    return len(parts) > 1 and all(part in KEYS for part in parts)


def _letters(number: int) -> str:
    """Return A … Z, then AA … ZZ."""
    high, low = divmod(number, 26)
    return (chr(64 + high) if high else "") + chr(65 + low)
