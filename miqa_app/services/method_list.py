"""Lists of methods to be compared: YAML files whose rows are measures, networks, or names of what is missing and why."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

import yaml
from pydantic import Field, model_validator

from miqa_app.errors import BadRecipe, BadRequest
from miqa_app.paths import bundled
from miqa_app.training.rated_recipe import ConfigList, RatedRecipe, Row, Stage, parsed

Type = Literal["T-FR", "T-NR", "MRI", "DL-NFT", "DL-FT", "ours", ""]
"""As the paper's Table II: traditional with and without a reference, networks without and with learning from the set;
beside these, reference-free measures made for MRI, and the networks of this program."""

PLACES = ("recipes/methods", "recipes/tables")


class MethodRow(Row):
    """One method.

    Attributes:
        type: its group in the table.
        missing: why this program does not have it; such a row names nothing else.
        trained_on: another rated set, from which alone it learns; for tables across data sets.
    """

    type: Type = ""
    missing: str = ""
    trained_on: str = ""

    @model_validator(mode="after")
    def _missing_alone(self) -> MethodRow:
        """Refuse a row that is missing and yet names a method."""
        named = (self.measure, self.network, self.start, self.method, self.recipe, self.trained_on)
        if self.missing and any(named):
            raise ValueError(f"the row '{self.label}' is missing and names a method all the same")
        if self.trained_on and self.measure:
            raise ValueError(f"the row '{self.label}' is a measure, which learns from no set")
        return self

    @property
    def key(self) -> str:
        """Return the label in small letters, digits and dashes, by which a command line names the row."""
        return re.sub(r"[^a-z0-9]+", "-", self.label.lower()).strip("-")

    def applied(self, recipe: RatedRecipe) -> RatedRecipe:
        """Return the recipe of this row.

        Raises:
            BadRecipe: the recipe that the row names is missing or does not check out.
        """
        own = super().applied(recipe)
        if not self.trained_on:
            return own
        stage = Stage(set=self.trained_on, **own.schedule.model_dump())
        return own.model_copy(update={"method": "frozen", "stages": (stage,)})


class MethodList(ConfigList):
    """A table as a list of methods.

    Attributes:
        rows: in the order of the table.
        recipe: of networks whose row names none.
        against: labels of those with which the others are compared; the first that is done is taken.
        scores: whether methods are run on a set; a table of what networks cost needs none.
    """

    rows: tuple[MethodRow, ...] = Field(min_length=1)
    recipe: str = "three-stage"
    against: tuple[str, ...] = ()
    scores: bool = True

    @model_validator(mode="after")
    def _known(self) -> MethodList:
        """Refuse comparisons with a row that is not there."""
        labels = {row.label for row in self.rows}
        unknown = [label for label in self.against if label not in labels]
        if unknown:
            raise ValueError(f"against names '{unknown[0]}', which is no row")
        return self

    @property
    def compared_with(self) -> tuple[str, ...]:
        """Return the labels to compare with, in the order of preference."""
        return self.against or ((self.ours or self.rows[-1].label),)

    def chosen(self, names: tuple[str, ...]) -> tuple[MethodRow, ...]:
        """Return the rows of these keys or labels in the order of the table; all where none is named.

        Raises:
            BadRequest: a name is no row.
        """
        wanted = {name.strip().lower() for name in names if name.strip()}
        known = {name for row in self.rows for name in (row.key, row.label.lower())}
        unknown = sorted(wanted - known)
        if unknown:
            keys = ", ".join(row.key for row in self.rows)
            message = f"The list {self.name} has no method '{unknown[0]}'; choose of {keys}."
            raise BadRequest(message)
        return tuple(
            row for row in self.rows if not wanted or {row.key, row.label.lower()} & wanted
        )


def read_method_list(name: str) -> MethodList:
    """Return the list of a name (of resources/recipes/methods or tables) or at a path.

    Raises:
        BadRecipe: it is missing, no YAML, or does not check out.
    """
    path = _path(name)
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        words = str(error).splitlines()[0]
        raise BadRecipe(f"{path} is not a YAML file that can be read: {words}.") from error
    if not isinstance(values, dict):
        raise BadRecipe(f"{path} is no list of methods; see {bundled('resources') / PLACES[0]}.")
    return parsed(MethodList, values, name)


def _path(name: str) -> Path:
    if name.endswith((".yaml", ".yml")):
        if not Path(name).is_file():
            raise BadRecipe(f"There is no list {name}; check the path.")
        return Path(name)
    folders = [bundled("resources") / place for place in PLACES]
    found = [path for folder in folders if (path := folder / f"{name}.yaml").is_file()]
    if not found:
        known = sorted({file.stem for folder in folders for file in folder.glob("*.yaml")})
        message = (
            f"There is no list {name}; give a path that ends in .yaml or one of {', '.join(known)}."
        )
        raise BadRecipe(message)
    return found[0]
