"""What a site asks of the program: a few lines in site.yaml, kept by whoever looks after the installation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from miqa_app.errors import MiqaError
from miqa_app.paths import user_settings

if TYPE_CHECKING:
    from pathlib import Path


class SiteSettings(BaseModel):
    """The site's rules.

    Attributes:
        two_signatures: whether a model or thresholds come into force only with the names of two persons.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    two_signatures: bool = False


def settings_file() -> Path:
    """Return where the site's rules are looked for; the file need not be there."""
    return user_settings() / "site.yaml"


def site_settings() -> SiteSettings:
    """Return the site's rules, the usual ones where there is no file.

    Raises:
        MiqaError: the file cannot be read or holds something else; a rule is never left out in silence.
    """
    path = settings_file()
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return SiteSettings()
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        first = str(error).splitlines()[0].rstrip(".:")
        message = f"The site's rules in {path} cannot be read: {first}; correct the file."
        raise MiqaError(message) from error
    try:
        return SiteSettings.model_validate({} if content is None else content)
    except ValidationError as error:
        fault = error.errors()[0]
        place = ".".join(str(part) for part in fault["loc"]) or "the file"
        message = f"The site's rules in {path} are wrong at {place}: {fault['msg'].rstrip('.')}; correct the file."
        raise MiqaError(message) from error
