"""The one list of artefact kinds: their keys, their names, and what a radiographer can do about each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ArtefactKind:
    """One kind of artefact: its key in JSON, its name on screen, and one sentence of advice."""

    key: str
    name: str
    advice: str


ARTEFACT_KINDS: tuple[ArtefactKind, ...] = (
    ArtefactKind(
        "ghosting",
        "Ghosting",
        "Look for pulsation, breathing or an unstable gradient; try gating, saturation bands or a swapped phase direction.",
    ),
    ArtefactKind(
        "edge_ghosting",
        "Edge ghosting",
        "Ask the patient to lie still and check padding; swap the phase direction if the ghosts cross the region of interest.",
    ),
    ArtefactKind(
        "white_noise",
        "White noise",
        "Check the coil selection and its plugs; more averages, thicker slices or a lower bandwidth raise the signal.",
    ),
    ArtefactKind(
        "coloured_noise",
        "Coloured noise",
        "Check coil, parallel imaging factor and reconstruction filter; repeat with less acceleration.",
    ),
    ArtefactKind(
        "rician_noise",
        "Low signal to noise",
        "Check that the right coil elements are on; use more averages, thicker slices or a longer repetition time.",
    ),
    ArtefactKind(
        "motion",
        "Motion",
        "Reassure the patient, pad the head or limb, and repeat; consider a faster or motion-corrected sequence.",
    ),
    ArtefactKind(
        "blur",
        "Blur",
        "Check matrix size, echo train length and filters; repeat with a finer matrix if detail is needed.",
    ),
    ArtefactKind(
        "gibbs",
        "Gibbs ringing",
        "Raise the matrix in the phase direction or switch on the ringing filter.",
    ),
    ArtefactKind(
        "spike",
        "Spike (herringbone)",
        "Repeat the series; if it comes back, report it to service: loose metal, a lamp or a coil plug may be arcing.",
    ),
    ArtefactKind(
        "bias_field",
        "Uneven signal",
        "Check coil position and plugs; switch on the uniformity correction.",
    ),
    ArtefactKind(
        "wrap",
        "Wrap-around",
        "Enlarge the field of view, add phase oversampling, or swap the phase direction.",
    ),
    ArtefactKind(
        "zipper",
        "Zipper (radio interference)",
        "Close the scanner room door and remove electrical devices; report it to service if it stays.",
    ),
    ArtefactKind(
        "signal_loss",
        "Signal loss",
        "Look for metal on the patient; use spin echo, a shorter echo time or a higher bandwidth.",
    ),
)

KEYS: tuple[str, ...] = tuple(kind.key for kind in ARTEFACT_KINDS)
"""The keys in the order of the network's output."""

BY_KEY: dict[str, ArtefactKind] = {kind.key: kind for kind in ARTEFACT_KINDS}
