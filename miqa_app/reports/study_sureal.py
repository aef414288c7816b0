"""An exported study as a data set of the SUREAL package, for those who analyse votes with it."""

from __future__ import annotations

import json
import math
import pprint
from typing import TYPE_CHECKING, Any

import numpy as np

from miqa_app.rating.mos.adjusted import differences
from miqa_app.rating.pooled import contents_of
from miqa_app.reports.study_dataset import clean_images

if TYPE_CHECKING:
    from miqa_app.reports.study_record import StudyRecord


def sureal_set(record: StudyRecord, files: dict[str, str]) -> tuple[str, str]:
    """Return file name and text of the votes as a data set of the SUREAL package, version 0.9.

    `ref_videos` are the clean images, `dis_videos` the judged ones with their opinion scores 'os' by observer, a list
    where somebody judged more than once; who could not judge is left out. Where both images were scored, the scores are
    top of the scale plus difference. Comparisons have keys (observer, number of the other image), which JSON cannot
    hold: that set is a Python file.
    """
    protocol, names = record.study.protocol, record.names
    contents, clean = contents_of(record.study), clean_images(record)
    compared = protocol.asks == "preference"
    ratings = record.ratings
    if protocol.asks == "both" and len(ratings) and not np.isnan(ratings.reference_scores).all():
        ratings = differences(ratings)
    own = {name: key for key, name in names.items()}
    judged = sorted({*ratings.stimuli, *(ratings.references if compared else ())})
    number = {name: place for place, name in enumerate(judged)}
    content_ids = {
        c: n for n, c in enumerate(dict.fromkeys(contents[own[name]] for name in judged))
    }
    opinions: list[dict[Any, Any]] = [{} for _ in judged]
    for row in range(len(ratings)):
        score, who = float(ratings.scores[row]), ratings.observers[row]
        if math.isnan(score):
            continue
        given = opinions[number[ratings.stimuli[row]]]
        if compared:
            given[who, number[ratings.references[row]]] = score
        else:
            given[who] = [*given.get(who, []), score]
    if not compared:
        opinions = [{who: s[0] if len(s) == 1 else s for who, s in one.items()} for one in opinions]
    document = {
        "dataset_name": record.study.name,
        "ref_videos": [
            {"content_id": n, "content_name": c, "path": files.get(clean.get(c, ""), "")}
            for c, n in content_ids.items()
        ],
        "dis_videos": [
            {
                "asset_id": number[name],
                "content_id": content_ids[contents[own[name]]],
                "path": files[own[name]],
                "os": given,
            }
            for name, given in zip(judged, opinions, strict=True)
        ],
    }  # fmt: skip
    if compared:
        lines = [f"{key} = {pprint.pformat(value, width=110)}" for key, value in document.items()]
        return "sureal.py", "\n".join(lines) + "\n"
    return "sureal.json", json.dumps(document, indent=1, ensure_ascii=False) + "\n"
