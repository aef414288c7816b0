"""The card of a model folder that holds two encoders and nothing that judges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from miqa_app.training.branches.recipe import BranchRecipe

_TITLES = {
    "whole": "Branch of whole slices (the paper's authentic one)",
    "detail": "Branch of full resolution (the paper's synthetic one)",
}

_TEMPLATE = """# {name}

The two encoders of LAR-IQA (`{network}`) after the first part of its training (section 4.5 of the paper): each alone, on
several rated sets at once, with a head for each set. Those heads are gone, and the heads in this folder are random.
**It is a start for a training, and its own scores mean nothing.** Name it as `start` in a recipe of `miqa crossvalidate`:
the encoders are taken, and new heads begin.

{branches}
Figures are on the images that were held back, at least {share:.0%} of each set and whole references, each judged once, by one
look at the whole slice or one crop, on the scale of its own set (0-100, 100 best). They also chose the epoch, so they
flatter. They say how well a branch with the head of that set judges that set, not how good a model will be that starts here.

- Start: {start}; seed {seed}; on {device}, revision {revision}.
- Colour: photographs are seen in colour, slices in grey.
- What is trained from here must not be judged on these sets: `miqa crossvalidate` refuses them.
- The licences of the sets also bind whoever hands these weights on.
{remark}"""

_HEAD = "| set | what was rated | learnt from | held back | references held back | SROCC | PLCC | RMSE (points) |"


def card_text(recipe: BranchRecipe, training: Mapping[str, Any]) -> str:
    """Return card.md from the recipe and the facts of the training."""
    return _TEMPLATE.format(
        name=recipe.name,
        network=recipe.network,
        branches="\n".join(
            _branch(recipe, name, facts) for name, facts in training["branches"].items()
        ),
        share=recipe.held_back,
        start=training["start"],
        seed=recipe.seed,
        device=training["device"],
        revision=training["revision"] or "unknown",
        remark=f"- {recipe.remark}\n" if recipe.remark else "",
    )


def _branch(recipe: BranchRecipe, name: str, facts: Mapping[str, Any]) -> str:
    """Return the table of one branch."""
    plan = recipe.whole if name == "whole" else recipe.detail
    seen = "squares" if name == "whole" else "crops"
    statistics = "kept from the start" if facts["batchnorm_frozen"] else "learnt anew"
    rows = [
        f"| {s['name']} | {s['target']} ({s['scale']}) | {s['learnt_from']} | {s['held_back']} | "
        f"{s['references_held_back']} | {s['srocc']:.3f} | {s['plcc']:.3f} | {s['rmse']:.1f} |"
        for s in facts["sets"]
    ]
    words = (
        f"{facts['steps']} steps of {plan.batch} {seen} of {plan.crop} pixels in {facts['epochs']} epochs, "
        f"{facts['minutes']} minutes; batch statistics {statistics}."
    )
    return "\n".join([f"## {_TITLES[name]}\n", _HEAD, "|" + "---|" * 8, *rows, "", words, ""])
