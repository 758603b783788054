"""Every setting and limit, frozen; the only reader of the environment."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import timedelta
from pathlib import Path

MIB = 1024 * 1024

# What the API promises to take; a deployment does not change these.
MAX_FRAME_BYTES = 12 * MIB
MAX_REGISTRATION_BYTES = 64 * MIB
MAX_REGISTRATION_FILES = 10
MAX_FRAME_WAIT_SECONDS = 5
MAX_PAGE_ITEMS = 100

CODE_DAYS = 1  # a code that was shown in class, once it is no good any more
MESSAGE_DAYS = 14  # in a dead-letter queue, as in infra/resources
COUNTER_DAYS = 1  # counters of rate limits and what Idempotency-Keys were used for

DATASET_DAYS = (
    2  # these two as in infra/resources; a dataset is deleted with its job, and this is for what was lost
)
ARTEFACT_DAYS = 30
SAGEMAKER, GITHUB = "sagemaker", "github"
REPOSITORY = re.compile(r"[A-Za-z0-9-]+/[A-Za-z0-9._-]+")

LOCAL, LOOPBACK = "local", re.compile(r"http://127\.0\.0\.1:\d+/")


JOBS_STAY = "never: they prove what was learned from"


@dataclass(frozen=True)
class Kept:
    """How long something is kept. `days`: None if nothing but `deleted_by` ends it."""

    what: str
    days: int | None
    deleted_by: str


@dataclass(frozen=True)
class Settings:
    """Each comes from the environment as ROLLCALL_<NAME>; the defaults suit a school."""

    prefix: str = "rollcall"
    bucket: str = "rollcall-pictures"
    pack_dir: Path = Path("build/packs/pypi")

    next_frame_seconds: int = 10
    upload_ticket_seconds: int = 300
    upload_record_days: int = (
        20  # queues keep a message for 4 days, dead-letter queues for 14: its record must outlive it
    )
    frame_record_days: int = 400
    frame_picture_days: int = 14  # these two as in infra/resources, whose lifecycle rules delete
    registration_media_days: int = 180
    register_days: int = (
        1826  # attendance with its history, from the session on: five years; 0: until erasure
    )
    audit_record_days: int = 1095
    closing_patience_seconds: int = 120
    due_lookback_hours: int = 48
    planning_days: int = 14  # how far ahead a timetable's sessions are scheduled
    cached_galleries: int = 8
    profile: str = "aws"  # or local: the local stack
    oidc_issuer: str = (
        ""  # of the ID tokens that people sign in with; without one only tokens of our own are good
    )
    oidc_audience: str = ""  # the client id that they are made for
    oidc_jwks_url: str = ""  # the local stack's; elsewhere the issuer says where its keys are

    stranger_share: float = 0.1  # of the faces that cameras see: what a confidence assumes

    retrain_with: str = SAGEMAKER  # or github: a workflow there runs the training job
    retrain_after_enrolments: int = 20
    retrain_after_hours: int = 168  # however few were enrolled
    retrain_after_erasure_hours: int = 24
    retrain_every_days: int = 0  # since the last job, though nobody asked; 0: never
    training_image: str = ""  # without it, or the repository, there is no retraining
    training_role: str = ""
    training_instance: str = "ml.m5.xlarge"
    training_volume_gb: int = 30
    training_spot: int = 1  # 0: instances that nobody takes away, at the full price
    training_run_seconds: int = 3600
    training_wait_seconds: int = 14_400  # for spare instances and the run itself
    github_repository: str = ""  # owner/name

    def __post_init__(self) -> None:
        """Raises ValueError: whoever names the keys can forge everybody's sign-in."""
        if self.retrain_with not in (SAGEMAKER, GITHUB):
            raise ValueError(f"ROLLCALL_RETRAIN_WITH must be {SAGEMAKER} or {GITHUB}.")
        if self.github_repository and not REPOSITORY.fullmatch(self.github_repository):
            raise ValueError("ROLLCALL_GITHUB_REPOSITORY must be owner/name.")
        if self.training_wait_seconds < self.training_run_seconds:
            raise ValueError("ROLLCALL_TRAINING_WAIT_SECONDS must not be less than the run may take.")
        if self.register_days < 0:
            raise ValueError("ROLLCALL_REGISTER_DAYS must be 0, for ever, or more.")
        if self.oidc_issuer and not (self.oidc_issuer.startswith("https://") and self.oidc_audience):
            raise ValueError(
                "ROLLCALL_OIDC_ISSUER must begin with https://, and ROLLCALL_OIDC_AUDIENCE must be given."
            )
        local = self.profile == LOCAL and LOOPBACK.match(self.oidc_jwks_url) is not None
        if self.oidc_jwks_url and not local:
            raise ValueError("ROLLCALL_OIDC_JWKS_URL is for the local stack only, and on loopback.")

    @property
    def closing_patience(self) -> timedelta:
        return timedelta(seconds=self.closing_patience_seconds)

    @property
    def trace_days(self) -> int:
        """For how long after a session an item below it may name somebody: a claim is as old as its frame at most."""
        return 2 * self.frame_record_days + self.upload_record_days

    @property
    def session_days(self) -> int:
        """Not shorter than what is found through it: erasures and exports look for frames and claims by session."""
        return self.register_days and max(self.register_days, self.trace_days)

    @property
    def retrains(self) -> bool:
        """Whether there is somebody to run a training job."""
        if self.retrain_with == GITHUB:
            return bool(self.github_repository)
        return bool(self.training_image and self.training_role)

    @property
    def github_token_secret(self) -> str:
        """The name of the secret that holds the token for repository_dispatch."""
        return f"{self.prefix}-github-token"

    @property
    def signing_key(self) -> str:
        """The alias of the key that signs receipts and digests."""
        return f"alias/{self.prefix}-signing"

    @property
    def retention(self) -> tuple["Kept", ...]:
        return (
            Kept("pictures of frames", self.frame_picture_days, "object lifecycle"),
            Kept("videos and photos of registrations", self.registration_media_days, "object lifecycle"),
            Kept("what was seen in frames, without pictures", self.frame_record_days, "table expiry"),
            Kept("how often models saw, by course and day", self.frame_record_days, "table expiry"),
            Kept("uploads that were announced and never came", self.upload_record_days, "table expiry"),
            Kept("claims to faces", self.frame_record_days, "table expiry, or erasure"),
            Kept("codes shown in class, once they have ended", CODE_DAYS, "table expiry"),
            Kept(
                "attendance, with its evidence and history",
                self.register_days or None,
                "table expiry, or erasure" if self.register_days else "erasure",
            ),
            Kept(
                "sessions, without who attended",
                self.session_days or None,
                "table expiry" if self.session_days else "never: they name nobody",
            ),
            Kept("templates, also of registrations under review", None, "withdrawal of consent, or erasure"),
            Kept("registrations that were read, without media", None, "erasure"),
            Kept("people, look-alikes, consents, rosters and who teaches", None, "erasure"),
            Kept("sign-in accounts and tokens of people", None, "unlinking or expiry, or erasure"),
            Kept("courses, timetables, cameras, models and consent texts", None, "never: they name nobody"),
            Kept("counters of rate limits, and idempotency keys", COUNTER_DAYS, "table expiry"),
            Kept("requests for retraining by registrations", None, "the training job that answers them"),
            Kept(
                "data that a training job learns from",
                DATASET_DAYS,
                "the end of the job, or object lifecycle",
            ),
            Kept("what a training job made, without embeddings", ARTEFACT_DAYS, "object lifecycle"),
            Kept("training jobs and other requests for them, models' files by opaque ids", None, JOBS_STAY),
            Kept("messages between functions, by opaque ids", MESSAGE_DAYS, "queue expiry"),
            Kept("acts in the audit log, by opaque ids", self.audit_record_days, "table expiry"),
            Kept("digests of the audit log, with hashes of its acts", None, "never: they prove the log"),
            Kept("receipts and tombstones of erasures, by opaque ids", None, "never: they prove the erasure"),
        )

    def queue(self, name: str) -> str:
        return f"{self.prefix}-{name}"

    def table(self, name: str) -> str:
        return f"{self.prefix}-{name}"


def load_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """Settings from ROLLCALL_* variables. Raises ValueError naming the variable that is no number."""
    given: dict[str, object] = {}
    for field in fields(Settings):
        name = f"ROLLCALL_{field.name.upper()}"
        if name in environ:
            given[field.name] = _parse(name, environ[name], type(field.default))
    return Settings(**given)  # type: ignore[arg-type]


def _parse(name: str, text: str, kind: type) -> object:
    if not issubclass(kind, int | float):
        return Path(text) if issubclass(kind, Path) else text
    try:
        number = kind(text)
    except ValueError as error:
        raise ValueError(f"{name} must be a {_KINDS[kind]}, not {text!r}.") from error
    if kind is float and not 0 < number < 1:
        raise ValueError(f"{name} must lie between 0 and 1, not {text}.")
    return number


_KINDS = {int: "whole number", float: "share"}
