"""The table of votes that every statistic starts from, and its matrix."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import ArrayLike, NDArray

Repetitions = Literal["mean", "each"]
"""'mean': the votes of one observer on one stimulus count as one, their mean; 'each': every vote counts."""


@dataclass(frozen=True, eq=False)
class Ratings:
    """Votes as a long table of N rows; 'cannot judge' is a row without score and never a zero.

    Attributes:
        observers: N names.
        stimuli: N names.
        scores: (N,) float64, NaN where the observer could not judge.
        references: N names of the reference of each stimulus, '' where there is none; a hidden reference that was
            scored itself stands as the stimulus of that name.
        repetitions: (N,) int, tells apart the votes of one observer on one stimulus.
        sessions: N names.
        orders: (N,) float64 position of the presentation within the observer's session, NaN where not known.
        seconds: (N,) float64 viewing time, NaN where not known.
        reference_scores: (N,) float64 score that the reference got in the same presentation (DSCQS), NaN without one.
        scale: lowest and highest score that could be given, None where not known.
        notes: sentences that a reader of the results should see.

    Raises:
        ValueError: lengths differ, a score is infinite or outside the scale, or two rows have the same observer,
            stimulus and repetition.
    """

    observers: tuple[str, ...]
    stimuli: tuple[str, ...]
    scores: NDArray[np.float64]
    references: tuple[str, ...] = ()
    repetitions: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    sessions: tuple[str, ...] = ()
    orders: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    seconds: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    reference_scores: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    scale: tuple[float, float] | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Fill what was left out, and check the whole."""
        keep, rows = object.__setattr__, len(self.observers)
        for name in ("observers", "stimuli", "references", "sessions"):
            keep(self, name, tuple(getattr(self, name)) or ("",) * rows)
        keep(self, "repetitions", np.array(self.repetitions, np.int64))
        if not self.repetitions.size:
            keep(self, "repetitions", np.zeros(rows, np.int64))
        for name in ("scores", "orders", "seconds", "reference_scores"):
            values = np.array(getattr(self, name), np.float64)
            keep(self, name, values if values.size else np.full(rows, np.nan))
        for name in ("stimuli", "scores", "references", "repetitions", "sessions", "orders",
                     "seconds", "reference_scores"):  # fmt: skip
            if len(getattr(self, name)) != rows:
                raise ValueError(f"{name}: {len(getattr(self, name))} entries for {rows} votes")
        self._check_scores()
        keys = list(zip(self.observers, self.stimuli, self.repetitions.tolist(), strict=True))
        if len(set(keys)) != len(keys):
            raise ValueError("one observer has two votes on one stimulus with the same repetition")

    def __len__(self) -> int:
        return len(self.observers)

    def _check_scores(self) -> None:
        if np.isinf(self.scores).any():
            raise ValueError("a score is infinite")
        known = self.scores[~np.isnan(self.scores)]
        if self.scale and known.size and not self.scale[0] <= known.min() <= known.max() <= self.scale[1]:  # fmt: skip
            raise ValueError(f"a score lies outside the scale {self.scale[0]:g} to {self.scale[1]:g}")  # fmt: skip

    @property
    def observer_names(self) -> tuple[str, ...]:
        """Return the different observers in alphabetical order."""
        return tuple(sorted(set(self.observers)))

    @property
    def stimulus_names(self) -> tuple[str, ...]:
        """Return the different stimuli in alphabetical order."""
        return tuple(sorted(set(self.stimuli)))

    def without(self, observers: Collection[str]) -> Ratings:
        """Return the votes of everybody else; stimuli that only those named have judged go with them."""
        return self.rows([name not in observers for name in self.observers])

    def rows(self, chosen: ArrayLike) -> Ratings:
        """Return the chosen rows.

        Args:
            chosen: (N,) bool.
        """
        which = np.flatnonzero(np.asarray(chosen, bool)).tolist()

        def some(names: Sequence[str]) -> tuple[str, ...]:
            return tuple(names[row] for row in which)

        return replace(
            self,
            observers=some(self.observers),
            stimuli=some(self.stimuli),
            scores=self.scores[which],
            references=some(self.references),
            repetitions=self.repetitions[which],
            sessions=some(self.sessions),
            orders=self.orders[which],
            seconds=self.seconds[which],
            reference_scores=self.reference_scores[which],
        )

    def table(self, repetitions: Repetitions = "mean") -> Table:
        """Return the votes as a matrix.

        Args:
            repetitions: what becomes of several votes of one observer on one stimulus.
        """
        stimuli, observers = self.stimulus_names, self.observer_names
        row = {name: place for place, name in enumerate(stimuli)}
        column = {name: place for place, name in enumerate(observers)}
        numbers = sorted(set(self.repetitions.tolist())) or [0]
        layer = {number: place for place, number in enumerate(numbers)}
        cube = np.full((len(stimuli), len(observers), len(numbers)), np.nan)
        cube[
            [row[name] for name in self.stimuli],
            [column[name] for name in self.observers],
            [layer[number] for number in self.repetitions.tolist()],
        ] = self.scores
        if repetitions == "mean":
            counts = (~np.isnan(cube)).sum(2, keepdims=True)
            sums = np.nansum(cube, axis=2, keepdims=True)
            cube = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
        return Table(stimuli, observers, cube)


@dataclass(frozen=True, eq=False)
class Table:
    """Votes as a matrix.

    Attributes:
        stimuli: J names.
        observers: I names.
        scores: (J, I, R) float64, NaN where there is no score; R is 1 unless every repetition counts.
    """

    stimuli: tuple[str, ...]
    observers: tuple[str, ...]
    scores: NDArray[np.float64]

    @property
    def counts(self) -> NDArray[np.int64]:
        """Return (J, I) numbers of scores."""
        return np.asarray((~np.isnan(self.scores)).sum(2), np.int64)

    @property
    def flat(self) -> NDArray[np.float64]:
        """Return (J, I) scores, repetitions averaged; NaN where there is none."""
        sums = np.nansum(self.scores, axis=2)
        return np.where(self.counts > 0, sums / np.maximum(self.counts, 1), np.nan)

    def columns(self, chosen: ArrayLike) -> Table:
        """Return the table of some observers, all stimuli kept.

        Args:
            chosen: (I,) bool.
        """
        which = np.asarray(chosen, bool)
        names = tuple(n for n, stays in zip(self.observers, which, strict=True) if stays)
        return Table(self.stimuli, names, self.scores[:, which])

    def groups(self) -> int:
        """Return into how many groups the votes fall that share neither a stimulus nor an observer."""
        stimulus, observer = np.nonzero(self.counts)
        size = sum(self.scores.shape[:2])
        links = coo_array(
            (np.ones(len(stimulus)), (stimulus, observer + len(self.stimuli))), (size, size)
        )
        labels = connected_components(links, directed=False)[1]
        return len(set(labels[stimulus].tolist()))
