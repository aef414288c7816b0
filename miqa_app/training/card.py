"""The model card: on what a model learnt, how long, and how good it is on scans it never saw."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from miqa_app.evaluation.figures import as_table

if TYPE_CHECKING:
    from miqa_app.training.recipe import Recipe

_TEMPLATE = """# {name}

MIQANet `{network}` for the quality of MR slices, 0–100, 100 = best.

**What the score is.** The simulated quality index {index}: full-reference metrics against the clean slice joined with
the severity of simulated artefacts. It is not a mean opinion score; nobody has rated these images. Advisory only: not a
certified medical device.

## Data

| source | subject | part | anatomy | vendor | licence |
|---|---|---|---|---|---|
{sources}

Held out as whole sources, neither trained nor calibrated on: {held_out}.

## Training

{runs}

EMA weights. The recipes stand whole in config.json.

The 90 % interval of a series score is ±{factor:.2f} times the network's own spread, by split conformal prediction on
whole degraded series of the validation subjects. These are few subjects: read the level as approximate.

## Figures on subjects and sources not seen

{figures}

SROCC is against Q. NIQE and gradient entropy were taken on the same images.

## Known limits

- Few subjects, mostly adult brain and pelvis; other anatomies, vendors and contrasts may be scored too low or too high.
- The artefacts are simulated, one or two at a time; real motion and real coil faults look more varied.
- Pixels that were interpolated on the scanner look blurred to the network.
"""


def card_text(recipe: Recipe, config: dict[str, Any]) -> str:
    """Return card.md from the recipe and the measured figures in `config`."""
    training, values = config["training"], config["evaluation"]
    parts = [
        (source, part)
        for part, sources in (("train", recipe.train), ("validation", recipe.validation))
        for source in sources
    ]
    return _TEMPLATE.format(
        name=recipe.name,
        network=recipe.network,
        index=recipe.quality_index,
        sources="\n".join(
            f"| {s.name} | {s.subject} | {part} | {s.anatomy} | {s.vendor} | {s.licence} |"
            for s, part in parts
        ),
        held_out=", ".join(values["by_source"]),
        runs="\n".join(_runs(training)),
        factor=config["interval"]["factor"],
        figures=as_table(values),
    )


def _runs(training: dict[str, Any]) -> list[str]:
    """Return a line per run, from the one that began with random weights to the last."""
    before = training.get("before")
    recipe = training["recipe"]
    crops = f"{recipe['crop']} pixels"
    if recipe.get("last_epochs"):
        crops += f", of {recipe['last_crop']} from epoch {recipe['epochs'] - recipe['last_epochs'] + 1} on"
    validation = ", ".join(f"{key} {value}" for key, value in training["validation"].items())
    start = "From random weights"
    if before:
        share = training.get("taken_from_before", 1)
        start = (
            "Went on from there"
            if share == 1
            else f"The runs above gave {recipe['warm_start']}; from the {share:.0%} of these weights that fit, else random ones"
        )
    line = (
        f"- {start}, seed {recipe['seed']}: {training['steps']} steps "
        f"of {recipe['batch']} slices ({training['epochs']} epochs, crops of {crops}) at {recipe['learning_rate']:g}; "
        f"{training['minutes']} minutes on {training['device']}; revision {training['revision']}; "
        f"validation subjects: {validation}. {recipe.get('remark', '')}".rstrip()
    )
    return [*(_runs(before) if before else []), line]
