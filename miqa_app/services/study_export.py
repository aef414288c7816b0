"""Write a study out whole: votes, record, opinion scores, data sets and the methods paragraph."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import yaml

from miqa_app import __version__
from miqa_app.errors import BadRequest
from miqa_app.rating.pooled import scores_of
from miqa_app.rating.stimulus import unpacked
from miqa_app.reports.study_dataset import IMAGES, TABLE, image_name, mos_csv, write_image
from miqa_app.reports.study_methods import methods_text
from miqa_app.reports.study_record import StudyRecord, as_document
from miqa_app.reports.study_sureal import sureal_set
from miqa_app.reports.study_tables import history_csv, stimuli_csv, votes_csv

if TYPE_CHECKING:
    from collections.abc import Generator

    from miqa_app.rating.mos.methods import Method
    from miqa_app.rating.mos.result import OpinionScores
    from miqa_app.rating.study import Study
    from miqa_app.store import Archive

DATASET = "dataset"


def export(
    archive: Archive, study: Study, folder: Path, method: Method | None = None
) -> Generator[tuple[int, int], None, list[Path]]:
    """Write a study into a new folder, whole or not at all, yielding how many images are done of how many.

    ```
    FOLDER/
      votes.csv            the votes that count, as `miqa mos` reads them
      votes_all.csv        every vote: training, stabilising, and earlier revisions
      stimuli.csv          what each stimulus is and where it came from
      study.json           all of it: study, protocol, items, raters, sessions, votes, events, head of the audit log
      mos.json             opinion scores, where there are any
      protocol.yaml        how it was shown and asked
      sureal.json          the votes for the package SUREAL (sureal.py for comparisons)
      methods.md           the methods paragraph
      dataset/mos.csv      rated images as `miqa crossvalidate` reads them
      dataset/images/
    ```

    The export is noted in the audit log.

    Args:
        archive: where the study is.
        study: which.
        folder: new or empty.
        method: by which opinion scores are made; the one that suits the number of observers by default.

    Returns:
        The files.

    Raises:
        BadRequest: the folder is in use or cannot be written.
        MiqaError: the pixels of a stimulus are damaged.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BadRequest(f"{folder} is not an empty folder; choose another one.")
    record = record_of(archive, study)
    scores = _scores(record, method)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as place:
            fresh = Path(place) / folder.name
            (fresh / DATASET / IMAGES).mkdir(parents=True)
            files = yield from _images(archive, record, fresh / DATASET)
            _write_texts(record, scores, files, fresh)
            archive.add_audit(
                "coordinator",
                "study exported",
                {
                    "study": study.key,
                    "votes": len(record.pooled),
                    "method": scores.method if scores else "",
                },
            )
            if folder.exists():
                folder.rmdir()
            fresh.rename(folder)
    except OSError as error:
        message = f"{folder} cannot be written: {error.strerror or error}; choose another folder."
        raise BadRequest(message) from error
    return sorted(path for path in folder.rglob("*") if path.is_file())


def record_of(archive: Archive, study: Study) -> StudyRecord:
    """Return everything that a study left behind."""
    return StudyRecord(
        study=study,
        raters=archive.raters(study.key),
        votes=archive.votes(study.key, history=True),
        sessions=archive.sessions(study.key),
        events=archive.events(study.key),
        audit_head=archive.audit_head(),
        app_version=__version__,
    )


def _scores(record: StudyRecord, method: Method | None) -> OpinionScores | None:
    """Return the opinion scores, None where nobody has scored anything yet.

    Raises:
        BadRequest: there is no such method.
    """
    if not any(vote.judged for vote in record.in_table):
        return None
    return scores_of(record.study, record.ratings, method)


def _images(
    archive: Archive, record: StudyRecord, folder: Path
) -> Generator[tuple[int, int], None, dict[str, str]]:
    """Write the images of all items but training and return their paths by stimulus key."""
    counted = [item for item in record.study.items if item.counted]
    keys = dict.fromkeys(key for item in counted for key in (item.test, item.reference) if key)
    files = {}
    for done, key in enumerate(keys, 1):
        stimulus = unpacked(archive.content(key))
        files[key] = image_name(record.names[key], stimulus)
        write_image(stimulus, folder / files[key])
        yield done, len(keys)
    return files


def _write_texts(
    record: StudyRecord, scores: OpinionScores | None, files: dict[str, str], folder: Path
) -> None:
    contents = {
        "votes.csv": votes_csv(record),
        "votes_all.csv": history_csv(record),
        "stimuli.csv": stimuli_csv(record),
        "study.json": _json(as_document(record, scores)),
        "protocol.yaml": yaml.safe_dump(
            record.study.protocol.model_dump(mode="json"), sort_keys=False, allow_unicode=True
        ).encode(),
        "methods.md": methods_text(record, scores).encode(),
        f"{DATASET}/{TABLE}": mos_csv(record, scores, files),
    }
    if scores is not None:
        contents["mos.json"] = _json(scores.as_json())
    if any(vote.judged for vote in record.in_table):
        name, text = sureal_set(record, {key: f"{DATASET}/{file}" for key, file in files.items()})
        contents[name] = text.encode()
    for name, content in contents.items():
        (folder / name).write_bytes(content)


def _json(document: object) -> bytes:
    return (json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()
