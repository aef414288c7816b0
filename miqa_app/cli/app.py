"""The `miqa` command: its sub-commands, and the one place where errors become one line and an exit code."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import click
import typer
from typer.core import TyperGroup

from miqa_app import __version__

COMMANDS: dict[str, str] = {
    "score": "Assess every series under the given paths.",
    "demo": "Open the workstation on the bundled phantom.",
    "simulate": "Degrade a scan with one artefact.",
    "train": "Train a model as a recipe says.",
    "models": "List, show and verify models.",
    "benchmark": "Measure a model on held-out scans.",
}
"""Commands in the order of the help page; each is the module miqa_app.cli.<name> with a Typer `app`."""


class LazyGroup(TyperGroup):
    """Imports a command's module only when it is used, so that the help page comes at once."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command; on the help page only its name and sentence."""
        if cmd_name not in COMMANDS:
            return None
        if ctx.resilient_parsing or _wants_help(ctx):
            return click.Command(cmd_name, help=COMMANDS[cmd_name])
        return typer.main.get_command(import_module(f"miqa_app.cli.{cmd_name}").app)


def _wants_help(ctx: click.Context) -> bool:
    """Return whether the group itself, not a command, is asked for help."""
    words = [word for word in sys.argv[1:] if not word.startswith("-")]
    return not words and ctx.parent is None


app = typer.Typer(cls=LazyGroup, no_args_is_help=False, add_completion=False, help="MRI image quality: score, look, learn.")


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
        from miqa_app.gui.app import run

        raise typer.Exit(run([]))


def run_command(arguments: list[str] | None = None) -> Any:
    """Run the command line and return the exit code: 0 done, 1 some inputs failed, 2 wrong usage."""
    from miqa_app.errors import BadRequest, MiqaError

    try:
        return app(arguments, standalone_mode=False) or 0
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except click.ClickException as error:
        error.show()
        return 2
    except (click.Abort, KeyboardInterrupt):
        sys.stderr.write("Stopped.\n")
        return 130
    except BadRequest as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except MiqaError as error:
        sys.stderr.write(f"{error}\n")
        return 1
