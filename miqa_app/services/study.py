"""Rating studies from creation to export: the calls that the command line and the window use."""

from miqa_app.services.study_create import Step, create
from miqa_app.services.study_export import export
from miqa_app.services.study_repeats import Repeat, suggest_repeats
from miqa_app.services.study_status import ItemStatus, RaterStatus, StudyStatus, status

__all__ = [
    "ItemStatus",
    "RaterStatus",
    "Repeat",
    "Step",
    "StudyStatus",
    "create",
    "export",
    "status",
    "suggest_repeats",
]
