"""Every failure that a user can meet, on one page, each with what to do about it.

A bad row, a bad photograph or a missing optional file is never an error: it is counted and reported. An error
of this page stops a wave before anything is written. Anything else that surfaces as a traceback is a bug of ours.
"""

from __future__ import annotations

from pipeline.domain.said import one_stop


class GelombangError(Exception):
    """Base of all named errors.

    ``advice`` says in one sentence what the reader can do; ``str()`` gives message and advice. ``exit_code`` is what
    the command line ends with. ``may_heal``: the same task, tried again, may succeed without a person; every other
    error needs one, and a retry would only cost time.
    """

    advice = ""
    exit_code = 1
    may_heal = False

    def __init__(self, message: str, advice: str | None = None) -> None:
        message = one_stop(message)
        super().__init__(message)
        self.message = message
        self.advice = self.advice if advice is None else advice

    def __str__(self) -> str:
        return f"{self.message}\n→ {self.advice}" if self.advice else self.message

    def kept(self) -> GelombangError:
        """The same error to be kept: without its traceback, which would keep every table of the failed call alive."""
        return type(self)(self.message, self.advice)

    def __reduce__(self) -> tuple[type[GelombangError], tuple[str, str]]:
        return type(self), (self.message, self.advice)


# --- the calendar and what was asked for --------------------------------------------------------------------------


class UnknownWaveError(GelombangError):
    """The calendar has no such wave."""

    advice = "Declare the wave in DATA/calendar.toml, or run `gelombang waves` to see which ones there are."


class BadCalendarError(GelombangError):
    """calendar.toml cannot be read, or a wave in it contradicts itself."""

    advice = "Mend the named table in calendar.toml; docs/reference/calendar.md lists every key."


class BadQuotaError(GelombangError):
    """A quota of zero or less: a wave without places has no cohort."""

    advice = "Give a quota of at least 1, in calendar.toml or with --quota."


class MissingSeedError(GelombangError):
    """A draw without a beacon and without a seed cannot be checked by anyone."""

    advice = "Set `beacon` for the wave in calendar.toml; or `seed` and `seed_source`, or give --seed."


class SeedOfBeaconWaveError(GelombangError):
    """A seed was given for a wave whose seed comes from a beacon."""

    advice = "Leave --seed out: nobody chooses the seed of this wave."


class BadSettingError(GelombangError):
    """A setting or an option has a value that cannot be used."""

    advice = "See `gelombang --help`; settings come from GELOMBANG_* variables."


class BadQuestionError(GelombangError):
    """`gelombang what-if` was asked about something that no wave can have."""

    advice = "`gelombang what-if --help` lists what can be asked."


# --- what was delivered -------------------------------------------------------------------------------------------


class EmptyWaveError(GelombangError):
    """No registration file, or no row in any of them."""

    advice = "Put the wave's registrations below DATA/landing/wave-NNNN/registrations/ and run it again."


class DuplicateRegistrationError(GelombangError):
    """More rows share a registration_id with another row than the setting allows."""

    advice = "A file was probably delivered twice. Remove it, or have the sender number the applications uniquely."


class MissingExtractError(GelombangError):
    """An extract that the rules in force need is not there at all."""

    advice = "Deliver it as DATA/extracts/<name>/asof=YYYY-MM-DD/*.parquet."


class ExtractTooNewError(GelombangError):
    """Every delivery of an extract is dated after the wave's closing day."""

    advice = (
        "Deliver the extract as it stood on or before the closing day; a later one would judge people by the future."
    )


class MissingColumnError(GelombangError):
    """A delivered table lacks a column that it must have."""

    advice = "Ask the sender for the column; the contract of every table is in docs/reference/files.md."


class WrongTypeError(GelombangError):
    """A column of a delivered table has a type that cannot hold what it should."""

    advice = "Ask the sender for the type that docs/reference/files.md gives."


class UnreadableFileError(GelombangError):
    """A delivered file is damaged, truncated or not what its name says."""

    advice = "Deliver the file again: it may have been copied while it was still being written."


class FileLimitError(GelombangError):
    """A delivered file is beyond a limit of size: bytes, rows, or the length of a line or a value."""

    advice = "Ask the sender for smaller files, or raise the limit: docs/reference/settings.md, GELOMBANG_INGEST__*."


class CheckFailedError(GelombangError):
    """An expectation of great_expectations about an input or a cohort does not hold."""

    advice = (
        "Open the Data Docs named above. If the delivery is right and the limit is wrong, change the limit's setting."
    )


class BadMappingError(GelombangError):
    """The mapping of `gelombang import` cannot be read, or names what there is not."""

    advice = (
        "docs/how-to/import-a-register.md shows a mapping; docs/reference/files.md has the columns of each extract."
    )


class SourceUnreachableError(GelombangError):
    """A database that is imported from cannot be reached, or refuses what is asked."""

    advice = (
        "Check the address, the table and the rights of the user. The password comes from ~/.pgpass or PGPASSWORD "
        "(PostgreSQL), ~/.my.cnf or MYSQL_PWD (MySQL)."
    )
    may_heal = True


class ImportRefusedError(GelombangError):
    """What `gelombang import` read is no delivery: no row, too many rows without a NIK, a column without values."""

    advice = "Mend the source or the mapping, and import it again. Nothing was written."


class DeliveryExistsError(GelombangError):
    """There is a delivery of this extract and day already."""

    advice = (
        "Give --replace to put another in its place; waves that have used it are then no longer what an audit expects."
    )


# --- the draw of a wave with a beacon -----------------------------------------------------------------------------


class NotOpenedError(GelombangError):
    """A wave with a beacon has no commitment: `gelombang open` was not called before its registration opened."""

    advice = "Call `gelombang open WAVE` before the registration opens; a commitment that is made later proves nothing."


class OpenedTooLateError(GelombangError):
    """A wave with a beacon is opened after its registration has opened."""

    advice = "Move the wave's window in calendar.toml to a time that has not come, and announce it; then open the wave."


class OpenedDifferentlyError(GelombangError):
    """A wave's commitment says something else than the calendar, the rules or the policy say now."""

    advice = (
        "Set back what the message names to what the commitment has: it was published before the registration opened "
        "and cannot be changed."
    )


class KeyLostError(GelombangError):
    """The key under which a wave's tickets are made is no longer there."""

    advice = (
        "Restore the named file below GELOMBANG_SECRETS from its copy. Without it no ticket can be made for anybody. "
        "What can still be shown: a list that was frozen, its hashes and every draw from it (`gelombang audit`)."
    )


class WrongKeyError(GelombangError):
    """The key that is there is not the one that the wave's commitment has the hash of."""

    advice = "Restore the key of this wave and of this installation below GELOMBANG_SECRETS from its copy."


class MasterKeyError(GelombangError):
    """A wave's tables are sealed, and the master key or the wave's wrapped key is not here, or is another one."""

    advice = (
        "Restore master.key below GELOMBANG_SECRETS (or GELOMBANG_ENCRYPTION__MASTER_KEY) and DATA/keys from their "
        "copies: docs/how-to/encrypt.md. Without both nobody can open these tables again."
    )


class WaveKeyDestroyedError(GelombangError):
    """A wave's key was destroyed, and with it all that was sealed under it."""

    advice = (
        "Nobody can open it again, which was the purpose. Who has a place is still known, and the draw of a wave with "
        "a beacon is checked from its public files: docs/how-to/check-a-draw.md."
    )


class ListTooLateError(GelombangError):
    """The list of a wave would be frozen when its beacon's round is known already: it could be made to fit."""

    advice = (
        "No draw of this wave can prove anything any more. Declare the wave anew, with a window and a round to come."
    )


class ListChangedError(GelombangError):
    """The list, or what places depend on, is another than when it was frozen; a draw from it would be a second draw."""

    advice = (
        "What was delivered after the freeze counts for the next wave. Take the named deliveries away, set the named "
        "files back, and run the wave again; nothing is drawn until the list is the frozen one."
    )


class TwoListsError(GelombangError):
    """The frozen list of a wave is not whole: a file of it is not the one that its record has the hash of."""

    advice = "Restore DATA/published/wave-NNNN/list/ from its copy, and find out who wrote there."


class BeaconAwaitedError(GelombangError):
    """The list is frozen, and the beacon's round for its draw is not there yet. Nothing is wrong."""

    advice = "Fetch the round when it is due, put it to the place that the message names, and run the wave again."


class BadBeaconError(GelombangError):
    """The beacon that was delivered is not the wave's: another round, or a signature that does not verify."""

    advice = "Fetch the round that the message names from the beacon's own server, and replace the file."


# --- system and settings ---------------------------------------------------------------------------------------


class DiskFullError(GelombangError):
    """There is no room for an output. Nothing half-written is left behind."""

    advice = "Free some space and run the wave again: what was measured of photographs is kept."


class StoreError(GelombangError):
    """A file or folder of the data root cannot be read or written."""

    may_heal = True
    advice = "Check the path and its permissions."


class SealedFileError(GelombangError):
    """A sealed file (descriptors of faces) cannot be opened: another key sealed it, or it was changed."""

    advice = (
        "Restore the key file below GELOMBANG_SECRETS, the same on every machine; or delete the named file, and what "
        "it held is no longer compared."
    )


class UnsafeHomeError(GelombangError):
    """Airflow's home, where it imports code from, is below the data root, or others may write into it."""

    advice = (
        "Unset AIRFLOW_HOME, or name a folder outside the data root that is yours alone (chmod 700); look first into "
        "one that others could write into. `gelombang run` makes its own below GELOMBANG_STATE."
    )


class WaveLockedError(GelombangError):
    """Another run of the same wave is at work."""

    advice = (
        "Wait until it is done, or stop it. A run's last task gives the wave back; if that run is no more, "
        "`gelombang unlock WAVE` does."
    )


class WaveLateError(GelombangError):
    """A run has held its wave for longer than GELOMBANG_DEADLINE_HOURS: it has neither been published nor rejected."""

    advice = "Look at the run in Airflow's page: answer its form `approve`, clear its failed task, or end it."


class PhotographsDeletedError(GelombangError):
    """A wave that looks at photographs is run again after its photographs were deleted: everybody would be refused."""

    advice = (
        "What was published stays as it is; `gelombang explain` and `gelombang audit` still answer. Only photographs "
        "that are delivered again let the wave be decided again."
    )


class MissingDecreeError(GelombangError):
    """A cohort is published by a decree, and none was named."""

    advice = "Clear the task `approve` and answer it again with the decree's number, or give --decree."


class NotAnApproverError(GelombangError):
    """Approvers are named, and the person who approves a cohort is none of them."""

    advice = "Have a person approve who is named in GELOMBANG_APPROVERS; at the prompt, under their own account."


class OwnRunError(GelombangError):
    """Whoever started a run cannot approve its cohort: four eyes are two people."""

    advice = (
        "Have another person approve: in Airflow, clear the task `approve` and let them answer it. Where there is only "
        "one, GELOMBANG_ONE_PERSON=true allows it, and the publication says so."
    )


class ManyRemovedError(GelombangError):
    """A publication takes more places away than the setting allows, or not as many as was said: of people whom the
    last screening takes out, or who hold one by the revision before."""

    advice = (
        "Look at the newest extracts and the blacklist first. If they are right, say the number: --removing N, or in "
        "Airflow clear the task `approve` and fill it in there, as the number taken out."
    )


class SecondPlaceError(GelombangError):
    """A revision would give a second place to people whom a later wave has accepted."""

    advice = "The named file lists them. Have the later wave's places revoked first, or leave the revision unpublished."


class NotWhatWasApprovedError(GelombangError):
    """The cohort on disk is not the one that was shown to the person who approved."""

    advice = "Run the wave again and have its cohort approved anew."


class WorkChangedError(GelombangError):
    """A file of a running wave's work is not as the task before left it, or what that task left is not signed."""

    advice = (
        "Find out who wrote into `work/` of the data root. Then *Clear* the run from its first task on, or run the "
        "wave again: what was made is made anew from the deliveries."
    )


class WaveNotRunError(GelombangError):
    """A wave's outputs are asked for, and it has none."""

    advice = "Run it first: `gelombang run WAVE`."


class AuditDiffersError(GelombangError):
    """A cohort is not the one that the published lists and the seed give."""

    advice = (
        "The places are named above. A seed or quota that was given when the wave was started is confirmed with --seed "
        "and --quota; else run the wave again, or ask who changed the named files since."
    )


class UnknownApplicationError(GelombangError):
    """No application of the wave has this registration_id."""

    advice = "Check the number on the applicant's receipt, and the wave in which they applied."


class BadObjectionError(GelombangError):
    """An objection that cannot be taken in, or cannot be decided so."""

    advice = "`gelombang object WAVE --list` shows the wave's objections."


class OwnObjectionError(GelombangError):
    """Whoever took an objection in, or decided about the application before, cannot decide the objection."""

    advice = "A second person decides it, from an account of their own."


class WaveFailedError(GelombangError):
    """A task of the wave's DAG failed for a reason that is not one of ours."""

    advice = "The log that the message names has the cause. Run the wave again once it is mended."


# --- selfies ------------------------------------------------------------------------------------------------------


class MissingModelError(GelombangError):
    """A face model's weight file is not on this machine."""

    advice = "Put the file where the message says; no model is downloaded while a wave runs."


class ChangedModelError(GelombangError):
    """A model's weight file is not the one that its thresholds were measured with, or that one is not known."""

    advice = (
        "Find out who changed it, then install again (`make clean setup`). A model of DeepFace's own is named in "
        "GELOMBANG_SELFIE__WEIGHTS_SHA256."
    )


class UncalibratedModelError(GelombangError):
    """A recogniser without thresholds of its own: those of another model are never borrowed."""

    advice = "Run `gelombang calibrate PAIRS.csv` with this model and name the policy file that it writes."


class SelfieSystemError(GelombangError):
    """The selfie stage itself failed (not a photograph): never booked as a failed selfie."""

    may_heal = True
    advice = "Run the wave again: verdicts that were reached are kept, only the missing ones are computed."
