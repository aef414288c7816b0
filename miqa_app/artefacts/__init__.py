"""MRI artefacts on demand: seeded, graded, on k-space where the physics is there, with a map of the damage."""

from miqa_app.artefacts.simulate import Degraded, degrade, degrade_batch, degrade_by_motion

__all__ = ["Degraded", "degrade", "degrade_batch", "degrade_by_motion"]
