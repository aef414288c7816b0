"""The model card: on what a model learnt, how long, and how good it is on scans it never saw."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from miqa_app.core.network_families import family_title
from miqa_app.evaluation.explanations import as_table as explanation_table
from miqa_app.evaluation.figure_tables import as_table
from miqa_app.evaluation.real_artefact_report import as_table as real_table
from miqa_app.evaluation.scope_check import as_table as scope_table
from miqa_app.networks import named_config

if TYPE_CHECKING:
    from miqa_app.training.recipe import Recipe

_WEAK_SROCC = 0.6
_WEAK_AUC = 0.9

_TEMPLATE = """# {name}

{family} `{network}` for the quality of MR slices, 0–100, 100 = best.

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

{curve}

The {level:.0%} interval is ±{factor:.2f} (lone slices: ±{slice_factor:.2f}) times a spread made of the network's own
deviation and the artefacts it suspects; the spread was fitted on training subjects, the factors on whole degraded series
and slices of the validation subjects (split conformal prediction). These are few subjects: read the level as approximate.

## Figures on subjects and sources not seen

{figures}

SROCC is against Q; the measures that need no reference were taken on the same images, better side up.

{more}{scope}{explanations}{real}## Known limits

- Few subjects, mostly adult brain and pelvis; other anatomies, vendors and contrasts may be scored too low or too high.
- The artefacts are simulated, one to three at a time; real motion and real coil faults look more varied.
{weak}- Pixels that were interpolated on the scanner look blurred to the network.
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
        family=family_title(named_config(recipe.network).model_dump()),
        network=recipe.network,
        index=recipe.quality_index,
        sources="\n".join(
            f"| {s.name} | {s.subject} | {part} | {s.anatomy} | {s.vendor} | {s.licence} |"
            for s, part in parts
        ),
        held_out=", ".join(values["by_source"]),
        runs="\n".join(_runs(training)),
        curve=_curve(training),
        level=config["interval"]["level"],
        factor=config["interval"]["factor"],
        slice_factor=config["interval"]["slice_factor"] or config["interval"]["factor"],
        figures=as_table(values, recipe.network),
        more="".join(
            f"{as_table(table, recipe.network)}\n\n" for table in config["more_evaluations"]
        ),
        scope=_scope(config),
        explanations=_explanations(config),
        real=_real(config),
        weak=_weak(values),
    )


def _scope(config: dict[str, Any]) -> str:
    """Return the rates of the scope check, or '' where it was not tested."""
    if "scope_check" not in config:
        return ""
    return f"""## Scope

What is no MR scan of a patient is not assessed. Rates on the frozen list {config["scope_check"]["list"]}: "as read" with the
facts of its header, "pixels only" from a NIfTI copy without any.

{scope_table(config["scope_check"])}

"""


def _explanations(config: dict[str, Any]) -> str:
    """Return what the sanity checks of the score maps gave, or '' where they were not run."""
    if "explanations" not in config:
        return ""
    return f"## Can the maps be believed?\n\n{explanation_table(config['explanations'])}\n\n"


def _real(config: dict[str, Any]) -> str:
    """Return what the model says of real artefacts, or '' where those scans were not at hand."""
    if "real_artefacts" not in config:
        return ""
    # one level down: the card has the first heading
    table = real_table(config["real_artefacts"]).replace("\n#", "\n##")
    return f"#{table}\n\n"


def _curve(training: dict[str, Any]) -> str:
    """Return the course of the last run, a line per epoch, or '' where none was kept."""
    epochs = training.get("curve", [])
    if not epochs:
        return ""
    lines = ["| epoch | loss | validation SROCC | validation PLCC |", "|---|---|---|---|"]
    lines += [
        f"| {place} | {e['loss']:.3f} | {e['srocc']:.3f} | {e['plcc']:.3f} |"
        for place, e in enumerate(epochs, start=1)
    ]
    return "\n".join(lines)


def _weak(values: dict[str, Any]) -> str:
    """Return a line that names the artefact kinds which the model grades badly or does not name."""
    kinds = values["by_kind"]
    graded = [kind for kind, e in kinds.items() if not e["srocc"] >= _WEAK_SROCC]
    named = [kind for kind, e in kinds.items() if not e["auc"] >= _WEAK_AUC]
    lines = []
    if graded:
        lines.append(
            f"- How bad it is is told poorly for: {', '.join(graded)} (SROCC below {_WEAK_SROCC:g})."
        )
    if named:
        lines.append(f"- Often not named: {', '.join(named)} (AUC below {_WEAK_AUC:g}).")
    return "".join(f"{line}\n" for line in lines)


def _runs(training: dict[str, Any]) -> list[str]:
    """Return a line per run, from the one that began without a model to the last."""
    before = training.get("before")
    recipe = training["recipe"]
    if "branches" in training:  # the figures of that training are on its own card
        return [f"- {recipe['name']}: {training['summary']}; begun with {training['start']}."]
    crops = f"{recipe['crop']} pixels"
    if recipe.get("last_epochs"):
        crops += f", of {recipe['last_crop']} from epoch {recipe['epochs'] - recipe['last_epochs'] + 1} on"
    validation = ", ".join(f"{key} {value}" for key, value in training["validation"].items())
    start = "From random weights"
    if training.get("start"):
        start = f"Encoders: {training['start']}; the rest from random weights"
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
