"""Sets of images that people have rated, in one common form, and a synthetic one that nobody has."""

from miqa_app.evaluation.rated.lookalike import write_lookalike
from miqa_app.evaluation.rated.record import RatedImage, RatedSet, Scale
from miqa_app.evaluation.rated.sets import LOOKALIKE, READERS, read_rated_set

__all__ = [
    "LOOKALIKE",
    "READERS",
    "RatedImage",
    "RatedSet",
    "Scale",
    "read_rated_set",
    "write_lookalike",
]
