"""The evidence of a finished run, file by file: hashed into the manifest, and compared again before publication.

Reads the run's work and outputs and the installed weights; writes ``out/manifest.sig``. Between a run and its
publication no file may change: the cohort that is published is screened from them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from pipeline.domain.errors import NotWhatWasApprovedError, UnreadableFileError
from pipeline.record import log
from pipeline.storage import files
from pipeline.storage.paths import Store
from pipeline.wave_run.plan import Plan

SIGNATURE = "manifest.sig"
#: Below a run's work, but no evidence: outputs (the manifest has them), rooms of a publication, what checks show, and
#: the statements of the tasks about each other's files.
_NOT = {"out", "publication", "staged", "data_docs", "shards", "custody"}


def work_files(run: Plan) -> list[Path]:
    """Every file of the run's work that a decision rests on, in a fixed order."""
    return sorted(path for path in _below(run.work) if path.is_file() and not path.name.startswith("."))


def _below(work: Path) -> Iterator[Path]:
    for path in work.iterdir():
        if path.is_dir() and path.name not in _NOT:
            yield from path.rglob("*")
        elif path.is_file():
            yield path


def weights(run: Plan) -> dict[str, str]:
    """SHA-256 of every weight file trained here; empty for a wave without selfies.

    The hashes of the packages that carry the others are pinned by requirements.lock.
    """
    if run.wave.selfie == "off":
        return {}
    from pipeline.selfie.networks.assets import OWN_WEIGHTS

    return {path.name: files.sha256(path) for path in sorted(OWN_WEIGHTS.glob("*.npz"))}


def sign(store: Store, manifest: Path) -> Path:
    """Signs a manifest with the record's key: ``manifest.sig``, with the public key in hex."""
    key = log.signing_key(store)
    digest = files.sha256(manifest)
    signed = {"sha256": digest, "key": key.public_key().public_bytes_raw().hex()}
    return files.write_json({**signed, "signature": key.sign(_text(digest)).hex()}, manifest.with_name(SIGNATURE))


def is_signed(store: Store, manifest: Path) -> bool:
    """Whether this installation signed the manifest as it is. Raises KeyLostError, WrongKeyError."""
    key = log.signing_key(store).public_key().public_bytes_raw()
    try:
        found = files.read_json(manifest.with_name(SIGNATURE))
        Ed25519PublicKey.from_public_bytes(key).verify(bytes.fromhex(found["signature"]), _text(files.sha256(manifest)))
    except (OSError, ValueError, KeyError, TypeError, InvalidSignature, UnreadableFileError):
        return False
    return True


def _text(digest: str) -> bytes:
    return f"gelombang/manifest/1:{digest}".encode()


def erased(store: Store, number: int) -> set[str]:
    """Hashes of the tables of a wave after rows of one person were erased, by the record."""
    noted = log.entries(store, number, "erased")
    return {digest for entry in noted for digest in entry.facts.get("files", {}).values()}


def purged(store: Store, number: int, folder: Path) -> set[str]:
    """Names of a folder's files whose time was over: the record says that they were deleted."""
    keys = {key for entry in log.entries(store, number, "deleted") for key in entry.facts.get("paths", [])}
    return {Path(key).name for key in keys if store.root / Path(key).parent == folder}


def changed(
    entries: list[dict[str, Any]], folder: Path, erased: Collection[str] = (), purged: Collection[str] = ()
) -> list[tuple[str, str]]:
    """The files that differ from their entry in a manifest: name, and ``missing`` or ``changed``.

    ``erased``: hashes that the record has of tables since somebody's rows were erased. ``purged``: files that may be
    missing.
    """
    found: list[tuple[str, str]] = []
    for entry in entries:
        path = folder / entry["file"]
        if not path.is_file():
            found += [(entry["file"], "missing")] if entry["file"] not in purged else []
        elif (digest := files.sha256(path)) != entry["sha256"] and digest not in erased:
            found.append((entry["file"], "changed"))
    return found


def must_be_as_decided(run: Plan) -> None:
    """Raises NotWhatWasApprovedError unless every file is as the finished run left it and the record knows the run."""
    outputs_must_be_as_decided(run)
    _must_be_unchanged(run, "work", run.work)


def outputs_must_be_as_decided(run: Plan) -> None:
    """As ``must_be_as_decided``, of the finished run's outputs alone: another run may have taken its work's place."""
    out, number = run.store.out(run.wave), run.wave.number
    manifest = out / "manifest.json"
    known = {e.facts.get("manifest_sha256") for e in log.entries(run.store, number, "run_finished")}
    if not manifest.is_file() or files.sha256(manifest) not in known or not is_signed(run.store, manifest):
        raise NotWhatWasApprovedError(f"The record does not know the manifest of wave {number}.")
    _must_be_unchanged(run, "outputs", out)


def _must_be_unchanged(run: Plan, part: str, folder: Path) -> None:
    said, number = files.read_json(run.store.out(run.wave) / "manifest.json"), run.wave.number
    if altered := changed(said[part], folder, erased(run.store, number), purged(run.store, number, folder)):
        listed = ", ".join(f"{file} ({how})" for file, how in altered[:5])
        raise NotWhatWasApprovedError(f"Since wave {number} was decided, files below {folder} changed: {listed}.")
