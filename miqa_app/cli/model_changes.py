"""What `miqa models` changes: which model scores, which one is in its shadow, and what comes from and goes to other sites."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

By = Annotated[str, typer.Option("--by", help="Who decides: a person's name, for the audit log.")]
Operator = Annotated[
    str | None, typer.Option("--by", help="Who decides; whoever works at this computer by default.")
]


def promote(
    name: Annotated[str, typer.Argument(help="Name of a model that passed the gate.")],
    by: By,
    second: Annotated[
        str | None, typer.Option(help="A second person, where the site asks for two.")
    ] = None,
    shadow: Annotated[
        bool, typer.Option("--shadow", help="Into the shadow first: it scores and shows nothing.")
    ] = False,
    thresholds: Annotated[
        bool, typer.Option("--thresholds", help="With the thresholds last fitted to its scores.")
    ] = False,
) -> None:
    """Make a model active: with its evidence, signed by a person, after its canary set came out as stored."""
    from miqa_app.cli.progress import progress_bar, say
    from miqa_app.cli.score import drained
    from miqa_app.services.registry import promote as steps
    from miqa_app.services.registry import promotion

    for warning in promotion(name).warnings:
        say(warning)
    with progress_bar("Promoting") as move:
        words: str = drained(
            steps(name, by, second, shadow=shadow, thresholds=thresholds),
            lambda step: move(step.done, step.total, step.words),
        )
    sys.stdout.write(f"{words}\n")


def rollback(
    by: By,
    to: Annotated[
        str | None, typer.Option(help="An earlier model; the one before by default.")
    ] = None,
) -> None:
    """Return to an earlier model at once; needs neither evidence nor network."""
    from miqa_app.services.registry import rollback as roll_back

    sys.stdout.write(f"{roll_back(by, to)}\n")


def shadow(
    name: Annotated[str | None, typer.Argument(help="Name of a model.")] = None,
    off: Annotated[bool, typer.Option("--off", help="Take the shadow model off.")] = False,
    by: Operator = None,
) -> None:
    """Let a model score beside the active one; its scores are kept with the assessments and never shown."""
    from miqa_app.errors import BadRequest
    from miqa_app.services.registry import set_shadow

    if (name is None) is not off:
        message = "Name the model that is to score in the shadow, or say --off."
        raise BadRequest(message)
    sys.stdout.write(f"{set_shadow(name, by)}\n")


def export(
    name: Annotated[str, typer.Argument(help="Name of a model with evidence.")],
    file: Annotated[Path, typer.Argument(help="The archive to write.")],
) -> None:
    """Write a model with its evidence to one signed file for another site; nothing in it names people or places."""
    from miqa_app.cli.progress import progress_bar, say
    from miqa_app.cli.score import drained
    from miqa_app.registry.signing import spoken
    from miqa_app.services.exchange import export_model

    with progress_bar("Exporting") as move:
        done = drained(
            export_model(name, file), lambda step: move(step.done, step.total, step.words)
        )
    say(f"In the archive the model is called {done.name}. Tell the receiver your fingerprint:")
    say(spoken(done.fingerprint))
    sys.stdout.write(f"{done.file}\n")


def import_(
    file: Annotated[Path, typer.Argument(help="A signed archive, or a model folder.")],
    trust: Annotated[
        bool,
        typer.Option(
            "--trust", help="Trust its signer from now on; compare the fingerprint first."
        ),
    ] = False,
    by: Operator = None,
) -> None:
    """Put the model of a signed archive among the candidates, or that of a folder, which then has no evidence."""
    from miqa_app.cli.progress import progress_bar, say
    from miqa_app.cli.score import drained
    from miqa_app.services.exchange import import_folder, import_model

    with progress_bar("Importing") as move:
        done = drained(
            import_folder(file, by=by)
            if file.is_dir()
            else import_model(file, trusting=trust, by=by),
            lambda step: move(step.done, step.total, step.words),
        )
    say(f"It lies in {done.folder}." if done.new else f"It was there already, in {done.folder}.")
    sys.stdout.write(f"{done.name}\n")
