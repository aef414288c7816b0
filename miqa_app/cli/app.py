"""The `miqa` command: its sub-commands, and the one place where errors become one line and an exit code."""

from __future__ import annotations

import os
import sys

import typer

from miqa_app import __version__
from miqa_app.cli import (
    assessments,
    audit,
    benchmark,
    crossvalidate,
    demo,
    drift,
    finetune,
    models,
    mos,
    pretrain,
    score,
    simulate,
    study,
    train,
)
from miqa_app.cli.window import Window

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    help="MRI image quality: score, look, learn. Without a command the workstation opens, on scans with miqa SCAN….",
    epilog="miqa --self-test [FOLDER] shows whether this installation works.",
)
app.command("score")(score.score)
app.command("demo")(demo.demo)
app.command("simulate")(simulate.simulate)
app.command("train")(train.train)
app.command("pretrain")(pretrain.pretrain)
app.command("finetune")(finetune.finetune)
app.command("crossvalidate")(crossvalidate.crossvalidate)
app.add_typer(study.app, name="study")
app.command("mos")(mos.mos)
app.add_typer(models.app, name="models")
app.add_typer(benchmark.app, name="benchmark")
app.add_typer(assessments.app, name="assessments")
app.command("drift")(drift.drift)
app.add_typer(audit.app, name="audit")


@app.callback(invoke_without_command=True)
def main(
    ctx: typer.Context,
    version: bool = typer.Option(False, "--version", help="Print the version and leave."),
) -> None:
    """Open the workstation when no command is given."""
    if version:
        typer.echo(f"miqa_app {__version__}")
        raise typer.Exit
    if ctx.invoked_subcommand is None:
        window: Window = ctx.obj
        raise typer.Exit(window.open([]))


def is_command(word: str) -> bool:
    """Return whether a word is the name of a command or of a group of commands."""
    commands = {command.name for command in app.registered_commands}
    return word in commands | {group.name for group in app.registered_groups}


def run_command(window: Window, arguments: list[str] | None = None) -> int:
    """Run the command line and return the exit code: 0 done, 1 some inputs failed, 2 wrong usage.

    Args:
        window: the door to the workstation, for the commands that open it.
        arguments: what follows the program's name; the process's own by default.
    """
    from miqa_app.errors import BadRequest, MiqaError

    try:
        app(arguments, prog_name="miqa", obj=window)
    except SystemExit as leave:
        return leave.code if isinstance(leave.code, int) else int(leave.code is not None)
    except KeyboardInterrupt:
        sys.stderr.write("Stopped.\n")
        return 130
    except BadRequest as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except MiqaError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except BrokenPipeError:
        # the reader of our output has gone; Python must not complain about it again while it ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        sys.stderr.write(f"{place}{error.strerror or error}; check the place and its free space.\n")
        return 1
    return 0
