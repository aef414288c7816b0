"""The phantom, a store on disk, and a study in it with votes, for the coordinator's windows."""

import shutil

import pytest

from miqa_app.gui import theme
from miqa_app.gui.campaign.wizard import CreateStudy
from miqa_app.imaging import load
from miqa_app.rating.design import Design
from miqa_app.rating.protocol import preset
from miqa_app.services.study_create import create
from miqa_app.store import Archive
from tests.gui.campaign.steps import drained, small_heads, until, vote


@pytest.fixture(autouse=True)
def themed(qapp):
    """The look of the product, for sizes depend on it."""
    theme.apply(qapp, theme.DARK)


@pytest.fixture(scope="session")
def heads(tmp_path_factory):
    """The folders of a clean and a moved head."""
    return small_heads(tmp_path_factory.mktemp("heads"))


@pytest.fixture(scope="session")
def phantom(heads):
    """The clean and the moved head."""
    return load(heads)


@pytest.fixture
def store(tmp_path):
    """A store that is not there yet."""
    return str(tmp_path / "miqa.sqlite")


@pytest.fixture(scope="session")
def voted(tmp_path_factory, heads):
    """A store with a study of the phantom: one rater has finished, one is half way, one has only joined."""
    file = tmp_path_factory.mktemp("voted") / "miqa.sqlite"
    with Archive(str(file)) as archive:
        design = Design(("motion", "white_noise"), (0.3, 0.9), slices=2)
        study = drained(create(archive, "Heads", preset("sds"), heads, design, seed=7))
        vote(archive, study, "R-01")
        vote(archive, study, "R-02", 0.5, how="tired")
        archive.add_rater(study.key, "R-03", {"years": "1-5"})
        drained(create(archive, "Later", preset("dsis"), heads[:1], design, seed=8))
    return file


@pytest.fixture
def filled(voted, tmp_path):
    """A copy of that store."""
    return str(shutil.copy(voted, tmp_path / "filled.sqlite"))


@pytest.fixture
def wizard(qtbot, phantom, store):
    """The wizard on the two heads, its store open."""
    window = CreateStudy(phantom, theme.DARK, store)
    qtbot.addWidget(window)
    window.show()
    until(lambda: window.protocol._shelf is not None)
    yield window
    window._errands.shut_down()
