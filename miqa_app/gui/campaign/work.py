"""What the coordinator's windows have done on the other thread; each function is a generator for `Job`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from miqa_app.errors import BadRequest

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from miqa_app.core.series import Problem, Series
    from miqa_app.gui.campaign.draft import Draft, Scan
    from miqa_app.rating.campaign import Plan
    from miqa_app.rating.study import Study
    from miqa_app.services.study_create import Step
    from miqa_app.services.study_repeats import Repeat


@dataclass(frozen=True)
class Shelf:
    """What a store holds already.

    Attributes:
        names: of its studies.
        where: words for the store, without user name and password.
        served: it is a database on a server, which several reading rooms can use at once.
    """

    names: tuple[str, ...]
    where: str
    served: bool


@dataclass(frozen=True, eq=False)
class Picture:
    """What an artefact looks like.

    Attributes:
        kind: artefact kind, '' for the scan as acquired.
        greys: (rows, columns) uint8.
        aspect: height of a pixel over its width.
    """

    kind: str
    greys: NDArray[np.uint8]
    aspect: float


def shelf(url: str | None) -> Generator[None, None, Shelf]:
    """Open a store and return what it holds."""
    yield
    from miqa_app.store import Archive

    with Archive(url) as archive:
        names = tuple(study.name for study in archive.studies())
        return Shelf(names, archive.where, not Path(archive.where).is_absolute())


def scans_read(paths: Sequence[Path]) -> Generator[tuple[int, int] | Series | Problem | None]:
    """Read files and folders; yield how many headers are read of how many, whole series, and problems."""
    from miqa_app.imaging import Completed, Problem, Scanned, read

    for event in read(paths):
        if isinstance(event, Scanned):
            yield event.done, event.total
        elif isinstance(event, Completed):
            yield event.series
        else:
            yield event if isinstance(event, Problem) else None


def looked_at(scans: Sequence[Scan]) -> Generator[Scan | None, None, None]:
    """Yield each scan whose pixels say that it cannot be rated; its reason is set. None for every other one."""
    from miqa_app.services.study_scans import unfit

    for scan in scans:
        if scan.looked_at or scan.left_out:
            continue
        scan.left_out, scan.looked_at = unfit(scan.series), True
        yield scan if scan.left_out else None


def full_of(scan: Scan) -> list[int]:
    """Return the frames of a scan that can be judged; looks once."""
    if scan.full is None:
        from miqa_app.services.study_stimuli import full_slices

        scan.full = full_slices(scan.series)
    return scan.full


def pictures(
    scan: Scan, kinds: Sequence[str], severity: float, seed: int
) -> Generator[Picture, None, None]:
    """Yield the middle slice of a scan as acquired and with each artefact, made and windowed as the study makes it."""
    from miqa_app.rating.design import Change
    from miqa_app.services.study_stimuli import stimuli_of

    full = full_of(scan)
    frames = (full[len(full) // 2] if full else scan.series.slices // 2,)
    clean, _ = stimuli_of(scan.series, frames)
    yield Picture("", clean[0].greys(0), clean[0].aspect)
    for kind in kinds:
        made, _ = stimuli_of(scan.series, frames, [Change(kind, severity, seed)])
        yield Picture(kind, made[1].greys(0), made[1].aspect)


def repeats_among(series: Sequence[Series]) -> Generator[None, None, tuple[Repeat, ...]]:
    """Return the scans that were probably taken twice."""
    yield
    from miqa_app.services.study_repeats import suggest_repeats

    return suggest_repeats(series)


def planned(draft: Draft) -> Generator[None, None, Plan]:
    """Return what the study will cost and give.

    Raises:
        BadRequest: there is nothing to rate, or a scan is empty.
    """
    from miqa_app.rating.campaign import plan
    from miqa_app.services.study_outline import outline

    # read at once: the coordinator may go back and change the draft while this works
    protocol, design, seed = draft.protocol, draft.design, draft.seed
    pairs = draft.pairs if design.repeats else []
    poor = {first for first, _ in pairs}
    scans = [scan for scan in draft.chosen if scan.series.key not in poor]
    worse = [sum(second == scan.series.key for _, second in pairs) for scan in scans]
    full = []
    for scan in scans:
        yield
        full.append(full_of(scan))
        if not full[-1]:
            raise BadRequest(f"{scan.name} shows nothing that could be judged; untick it.")
    return plan(outline(protocol, design, full, seed, worse))


def made(draft: Draft, url: str | None) -> Generator[Step, None, Study]:
    """Make the study and store it; stopped or failed on the way, it leaves nothing behind."""
    from miqa_app.services.study_create import create
    from miqa_app.store import Archive

    with Archive(url) as archive:
        return (
            yield from create(
                archive,
                draft.name,
                draft.protocol,
                draft.sources,
                draft.design,
                seed=draft.seed,
                informative=draft.informative,
                pairs=draft.pairs,
            )  # fmt: skip
        )
