"""From a file of predictions to a folder with the benchmark of its methods."""

from __future__ import annotations

import csv
from dataclasses import replace
from typing import TYPE_CHECKING

from miqa_app.errors import BadRequest
from miqa_app.evaluation.method_table import method_table
from miqa_app.evaluation.predictions import read_predictions
from miqa_app.reports.benchmark import Wishes, check_folder, write_benchmark

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path


def benchmark_report(
    source: Path, folder: Path, wishes: Wishes, details: Path | None = None
) -> Generator[str, None, Path]:
    """Yield a sentence per step, and return the page.

    Args:
        source: CSV of `evaluation.predictions`.
        folder: new, empty, or an earlier benchmark.
        wishes: what the caller decides; its details are read from `details` where that is given.
        details: CSV of a column 'method' and further columns for the first table.

    Raises:
        BadRequest: a file does not check out, there are too few images, or the folder holds other files.
    """
    check_folder(folder)
    predictions = read_predictions(source)
    if details is not None:
        wishes = replace(wishes, details=read_details(details))
    yield f"Comparing {len(predictions.methods)} methods on {len(predictions)} images"
    try:
        table = method_table(predictions)
    except ValueError as error:
        raise BadRequest(f"{source}: {error}.") from error
    return (yield from write_benchmark(predictions, table, folder, wishes))


def read_details(path: Path) -> dict[str, dict[str, str]]:
    """Return the further columns of each method from a CSV with a column 'method'.

    Raises:
        BadRequest: the file cannot be read or has no such column.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.DictReader(stream, restval="", restkey="_more"))
    except OSError as error:
        raise BadRequest(f"{path} cannot be read: {error.strerror or error}.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadRequest(f"{path} is not a CSV file in UTF-8: {error}.") from error
    if not rows or "method" not in rows[0]:
        raise BadRequest(f"{path}: a column 'method' with a method in each row is missing.")
    for number, row in enumerate(rows, 2):
        if "_more" in row:
            raise BadRequest(f"{path}, row {number}: more cells than the header names.")
    return {row.pop("method"): row for row in rows}
