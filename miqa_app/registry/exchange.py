"""One signed file per model, for another site: card, configuration, weights, evidence and canary, and nothing else.

The manifest lists every file with its SHA-256, and the site signs the manifest (Ed25519). Configuration, card and
evidence are made anew from what may leave the house; the weights are written anew, so that nothing rides along in
their file. Pictures, pixels, paths, UIDs and rows of single images stay at home.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from miqa_app.errors import BadModel, BadRequest
from miqa_app.evaluation.evidence import judge, load_gate, read_evidence
from miqa_app.paths import bundled
from miqa_app.registry.acceptance import evidence_file
from miqa_app.registry.archive import Archived, Manifest, manifest_of, unpack, write_archive
from miqa_app.registry.canary import keep_canary, read_canary
from miqa_app.registry.durable import settle, settle_tree, write_whole
from miqa_app.registry.folders import (
    ModelFolder,
    find_content,
    free_place,
    read_folder,
    verify_model,
)
from miqa_app.registry.share import (
    CUSTOM,
    bundled_names,
    shareable_card,
    shareable_config,
    shared_name,
)

if TYPE_CHECKING:
    from miqa_app.evaluation.evidence import Evidence, Model


def export_archive(model: ModelFolder, path: Path) -> Manifest:
    """Write a model with its evidence to one signed file, whole or not at all.

    Args:
        model: a model of this site; the bundled ones are everywhere.
        path: the file; an older one is replaced.

    Raises:
        BadModel: the model, its evidence or its canary is missing or damaged, or the site's key is.
        BadRequest: the model came with the program.
    """
    if model.path.parent == bundled("models"):
        message = f"{model.name} came with the program; every site has it, so it is not exported."
        raise BadRequest(message)
    evidence = evidence_file(model.path)
    canary = read_canary(model.path)
    if not evidence.is_file() or canary is None:
        message = f"{model.name} has no evidence or no canary set; only a model that brings both is exported."
        raise BadModel(message)
    findings = read_evidence(evidence)
    if {findings.candidate.sha256, canary.model} != {model.sha256}:
        message = f"The evidence or the canary of {model.name} belongs to another content; make them again."
        raise BadModel(message)
    path.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=path.parent, prefix=f".{path.name}-") as place:
        fresh = _cleaned(model, Path(place) / "model")
        name = shared_name(str(fresh.config["network"]["name"]), fresh.sha256)
        write_whole(evidence_file(fresh.path), _evidence_bytes(findings, name, fresh.sha256))
        bound = canary.model_copy(update={"model": fresh.sha256})
        keep_canary(bound, fresh.path)
        manifest = manifest_of(fresh, name)
        write_archive(fresh.path, manifest, path)
    return manifest


def import_archive(archived: Archived, models: Path) -> tuple[ModelFolder, bool]:
    """Put the model of an archive among the models, whole or not at all.

    Args:
        archived: from `inspect_archive`; whoever calls has decided to trust its signer.
        models: the folder of the site's models.

    Returns:
        The model, and whether it is new; the same content twice is there once.

    Raises:
        BadModel: the content is not what the manifest says, would be unpickled, or fits no network.
        BadRequest: the file has changed since it was inspected.
    """
    from miqa_app.registry.checkpoint import load_model

    manifest = archived.manifest
    models.mkdir(parents=True, exist_ok=True)
    there = find_content(manifest.sha256)
    if there is not None:
        return there, False
    with TemporaryDirectory(dir=models, prefix=".import-") as place:
        folder = Path(place) / manifest.name
        unpack(archived, folder)
        model = read_folder(folder)
        _refuse_mismatch(model, manifest)
        load_model(str(folder.absolute()))
        target = free_place(models, manifest.name)
        settle_tree(folder)
        folder.rename(target)
        settle(models)
    return read_folder(target), True


def _cleaned(model: ModelFolder, place: Path) -> ModelFolder:
    """Return the model as it may leave the house: the same weights, the rest made anew from the whitelist.

    The content stays the same, to the byte, where there was nothing to leave out.
    """
    from miqa_app.registry.checkpoint import load_model, save_model

    loaded = load_model(str(model.path.absolute()))
    config = shareable_config(model.config)
    save_model(place, loaded.network, config, shareable_card(config))
    return read_folder(place)


def _evidence_bytes(evidence: Evidence, name: str, sha256: str) -> bytes:
    """Return the evidence with names that say nothing, bound to the content as it travels.

    The verdict is judged anew, so that its words name nothing else either.
    """
    candidate = evidence.candidate.model_copy(update={"name": name, "sha256": sha256})
    recipe = evidence.learning.recipe
    known = ("heads", "last", "full", "adapter")
    neutral = evidence.model_copy(
        update={
            "candidate": candidate,
            "active": _renamed(evidence.active),
            "shipped": _renamed(evidence.shipped),
            "learning": evidence.learning.model_copy(
                update={"recipe": recipe if recipe in known else CUSTOM}
            ),
        }
    )
    verdict = judge(neutral, load_gate(evidence.verdict.gate))
    return (
        neutral.model_copy(update={"verdict": verdict}).model_dump_json(indent=1) + "\n"
    ).encode()


def _renamed(model: Model) -> Model:
    if model.name in bundled_names():
        return model
    return model.model_copy(update={"name": f"model-{model.sha256[:8]}"})


def _refuse_mismatch(model: ModelFolder, manifest: Manifest) -> None:
    """Refuse a model whose parts do not belong together."""
    evidence = read_evidence(evidence_file(model.path))
    canary = read_canary(model.path)
    shas = {
        model.sha256,
        manifest.sha256,
        evidence.candidate.sha256,
        canary.model if canary else "",
    }
    faults = verify_model(model)
    if len(shas) > 1 or faults:
        reason = faults[0] if faults else "content, evidence and canary are of different models"
        message = f"The model {manifest.name} is not imported: {reason}; have it sent again."
        raise BadModel(message)
