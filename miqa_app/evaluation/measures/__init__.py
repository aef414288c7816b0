"""Full-reference measures of the paper's Table II: who provides each, and those that are written here."""

from miqa_app.evaluation.measures.catalogue import FULL_REFERENCE
from miqa_app.evaluation.measures.record import FullReference

__all__ = ["FULL_REFERENCE", "FullReference"]
