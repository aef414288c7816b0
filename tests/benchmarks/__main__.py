"""All benchmarks in one run: `python -m tests.benchmarks [name …]`; prints a Markdown table of figures and ratios."""

from __future__ import annotations

import importlib
import os
import platform
import sys

NAMES = ("networks", "scoring", "reading", "gui", "rating", "drift", "finetune", "soak")


def main(names: list[str]) -> None:
    """Run the named benchmarks, or all."""
    sys.stdout.write(
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}\n\n"
    )
    sys.stdout.write("| figure | value | unit |\n|---|---|---|\n")
    for name in names or NAMES:
        for row in importlib.import_module(f"tests.benchmarks.bench_{name}").run():
            sys.stdout.write(f"| {row[0]} | {row[1]:.3g} | {row[2]} |\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
