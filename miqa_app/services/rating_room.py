"""The door to the studies of a store, for raters: what there is to rate, and a sitting in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from miqa_app.errors import BadRequest
from miqa_app.services.sitting import Sitting
from miqa_app.store import Archive

if TYPE_CHECKING:
    from miqa_app.rating.study import Study
    from miqa_app.store import Seat


@dataclass(frozen=True)
class Offer:
    """A study that a rater may sit in.

    Attributes:
        name: of the study.
        protocol: title of its protocol.
        done: presentations this rater has voted on, training left out.
        total: presentations there are, training left out.
    """

    name: str
    protocol: str
    done: int
    total: int


class RatingRoom:
    """The door to the studies of a store, for raters."""

    def __init__(self, url: str | None = None) -> None:
        """Open a store, see `store.Archive`.

        Args:
            url: of the store; the user's own by default.
        """
        self._archive = Archive(url)
        self._seats: list[Seat] = []

    def offers(self, rater: str = "") -> tuple[Offer, ...]:
        """Return the studies there are, newest first, with how far a rater has come."""
        return tuple(self._offer(study, rater) for study in self._archive.studies())

    def sitting(self, study: str, rater: str) -> Sitting:
        """Return a sitting of a rater in a study by its name; no other window gets one until this room is closed.

        Raises:
            BadRequest: there is no such study, the pseudonym will not do (see `pseudonym_in`), or the rater sits in
                this study already.
        """
        found = self._archive.study(study)
        name = pseudonym_in(self._archive, found, rater)
        seat = self._archive.seat(found.key, name)
        self._seats.append(seat)
        return Sitting(self._archive, found, name, seat=seat)

    def pseudonym(self, study: str, text: str) -> str:
        """Return what somebody typed as the pseudonym of a rater in a study, see `pseudonym_in`.

        Raises:
            BadRequest: there is no such study, or the pseudonym will not do.
        """
        return pseudonym_in(self._archive, self._archive.study(study), text)

    def close(self) -> None:
        """Give up all seats and let go of the store."""
        for seat in self._seats:
            seat.leave()
        self._archive.close()

    def _offer(self, study: Study, rater: str) -> Offer:
        votes = self._archive.votes(study.key, rater) if rater else ()
        done = sum(vote.presentation.part == "main" for vote in votes)
        total = sum(item.counted for item in study.items)
        return Offer(study.name, study.protocol.title, done, total)


def pseudonym_in(archive: Archive, study: Study, text: str) -> str:
    """Return a pseudonym for a study: one that is there already, or one that cannot be taken for it.

    Raises:
        BadRequest: it differs from one of the study in capitals or blanks only, or see `checked_pseudonym`.
    """
    known = [rater.pseudonym for rater in archive.raters(study.key)]
    if text.strip() not in known:
        for there in known:
            if _plain(there) == _plain(text):
                message = (
                    f"There is {there} in this study; to go on as {there}, write it just so. If you are somebody else, "
                    "take another pseudonym."
                )
                raise BadRequest(message)
    return checked_pseudonym(text)


def _plain(pseudonym: str) -> str:
    """Return what is left without capitals and blanks."""
    return "".join(pseudonym.casefold().split())


def checked_pseudonym(text: str) -> str:
    """Return a pseudonym without outer blanks.

    Raises:
        BadRequest: it is empty, longer than 40 characters, or holds anything but letters, digits, '-', '_' and '.'.
    """
    name = text.strip()
    if not 1 <= len(name) <= 40 or not all(sign.isalnum() or sign in "-_." for sign in name):
        message = "A pseudonym has 1 to 40 letters, digits, '-', '_' or '.', such as rater-3."
        raise BadRequest(message)
    return name
