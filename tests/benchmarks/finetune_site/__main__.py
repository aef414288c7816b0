"""`python -m tests.benchmarks.finetune_site --data SCANS --out FOLDER`: the table and the learning curve of the proof.

Every case goes the product's own way, `miqa finetune TABLE`, and the gate judges it on 56 references of people that it never
saw. Beside that the candidate is measured here once more, and on 55 other references with the simulated quality index. A case
that is done is not done again; delete its `.result.json` to repeat it.

The product's own recipes withstand the ratings of a few images that are turned upside down, so that nothing is broken in what
comes out. To see a broken candidate stopped, train without any protection, into another folder:
`--cases site-300-broken --recipe tests/benchmarks/finetune_site/unprotected.yaml`.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np

from miqa_app.errors import MiqaError
from miqa_app.registry import find_model
from tests.benchmarks.finetune_site.cases import BROKEN, TEST_SEED, Case, Row, table, unseen
from tests.benchmarks.finetune_site.figures import Figures, figures, scores
from tests.benchmarks.finetune_site.product import Candidate, fine_tuned
from tests.benchmarks.finetune_site.report import curve, heading, line

CASES = (
    Case(112),
    Case(300),
    Case(1000),
    Case(112, "shuffled"),
    Case(300, "broken"),
    Case(112, mirrored=True),
    Case(112, "shuffled", mirrored=True),
)


def main() -> None:
    """Run the cases that are asked for, one after the other, and print a row for each."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.finetune_site")
    parser.add_argument("--data", type=Path, required=True, help="folder of the public scans")
    parser.add_argument("--out", type=Path, required=True, help="folder for pictures and results")
    parser.add_argument("--model", default="lite", help="name or folder of the model to begin with")
    parser.add_argument("--recipe", default="", help="instead of the product's own choice")
    parser.add_argument("--cases", nargs="*", choices=[case.name for case in CASES])
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    test, rehearsal = (unseen(part, asked.data, asked.out) for part in ("test", "rehearsal"))
    before = tuple(
        _scores(asked.model, "parent", asked.out, name, rows)
        for name, rows in (("test", test), ("rehearsal", rehearsal))
    )
    _write(heading())
    honest: list[tuple[int, Figures]] = []
    for case in (case for case in CASES if not asked.cases or case.name in asked.cases):
        path = table(case, asked.data, asked.out)
        try:
            candidate = fine_tuned(path, asked.out, asked.model, asked.recipe)
        except (RuntimeError, MiqaError) as error:
            _write(f"| {case.name} | failed: {error} |")
            continue
        found = _judged(candidate, case, asked.out, test, rehearsal, before)
        _write(line(case, found, candidate))
        if not case.spoilt and not case.mirrored:
            honest.append((case.images, found))
    if honest:
        (asked.out / "learning_curve.png").write_bytes(curve(honest))
        _write(f"\nLearning curve: {asked.out / 'learning_curve.png'}")
    _write(
        f"Spoilt cases: shuffled ratings; ratings of '{BROKEN}' turned upside down. Test ratings stay honest."
    )


def _judged(
    candidate: Candidate,
    case: Case,
    out: Path,
    test: list[Row],
    rehearsal: list[Row],
    before: tuple[np.ndarray, ...],
) -> Figures:
    """Return the figures of a candidate; what it said of the test is what the product's evidence was made of."""
    test = case.rated(test, TEST_SEED)
    said = np.array([candidate.said[row["image"]] for row in test])
    kept = _scores(candidate.folder, case.name, out, "rehearsal", rehearsal)
    return figures(test, (before[0], said), rehearsal, (before[1], kept))


def _scores(model: str, name: str, out: Path, part: str, rows: list[Row]) -> np.ndarray:
    """Return a model's scores of a part, kept on disk by the content of the model."""
    path = out / f"{name}.{part}.{find_model(model).sha256[:12]}.json"
    if not path.exists():
        path.write_text(json.dumps(scores(model, out, rows).tolist()), encoding="utf-8")
    return np.array(json.loads(path.read_text(encoding="utf-8")))


def _write(words: str) -> None:
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
