"""The one place that knows which adapter stands behind each port. Everything is made on first use and kept.

Adapters and vision are imported inside the functions, so that a Lambda loads only what its event needs.
"""

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from chalicelib.services import ports
from chalicelib.settings import GITHUB, Settings, load_settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from chalicelib.adapters.dynamo.lifetimes import Lifetime
    from chalicelib.services.erase_person import Eraser
    from chalicelib.services.retrainer import Retrainer

Made = TypeVar("Made")

KEPT_MODELS = 2  # the champion, and the one before it: a rollback costs no read

_caches: list[Any] = []


def _once(make: Callable[[], Made]) -> Callable[[], Made]:
    kept = cache(make)
    _caches.append(kept)
    return kept


def reset() -> None:
    """Forget everything made, as a new process would; settings are read anew."""
    for kept in _caches:
        kept.cache_clear()


@_once
def settings() -> Settings:
    return load_settings()


@_once
def _tables() -> Settings:
    from chalicelib.adapters.dynamo.records import bind_tables

    bind_tables(settings())
    return settings()


def _lifetime(days: int) -> "Lifetime":
    from chalicelib.adapters.dynamo.lifetimes import Lifetime
    from chalicelib.domain.clock import utc_now

    return Lifetime(utc_now, days)


@_once
def people() -> ports.People:
    from chalicelib.adapters.dynamo.people import DynamoPeople

    _tables()
    return DynamoPeople()


@_once
def consent_texts() -> ports.ConsentTexts:
    from chalicelib.adapters.dynamo.consent_texts import DynamoConsentTexts

    _tables()
    return DynamoConsentTexts()


@_once
def courses() -> ports.Courses:
    from chalicelib.adapters.dynamo.courses import DynamoCourses

    _tables()
    return DynamoCourses()


@_once
def roster_imports() -> ports.RosterImports:
    from chalicelib.adapters.dynamo.roster_imports import DynamoRosterImports

    _tables()
    return DynamoRosterImports()


@_once
def sessions() -> ports.Sessions:
    from chalicelib.adapters.dynamo.sessions import DynamoSessions

    return DynamoSessions(_tables().due_lookback_hours, _lifetime(settings().session_days))


@_once
def timetables() -> ports.Timetables:
    from chalicelib.adapters.dynamo.timetables import DynamoTimetables

    return DynamoTimetables(_lifetime(_tables().session_days))


@_once
def codes() -> ports.Codes:
    from chalicelib.adapters.dynamo.codes import DynamoCodes

    _tables()
    return DynamoCodes()


@_once
def attendance() -> ports.Attendance:
    from chalicelib.adapters.dynamo.attendance import DynamoAttendance

    return DynamoAttendance(_lifetime(_tables().register_days))


@_once
def frames() -> ports.Frames:
    from chalicelib.adapters.dynamo.frames import DynamoFrames
    from chalicelib.domain.clock import utc_now

    limits = _tables()
    return DynamoFrames(utc_now, limits)


@_once
def tallies() -> ports.Tallies:
    from chalicelib.adapters.dynamo.tallies import DynamoTallies

    return DynamoTallies(_lifetime(_tables().frame_record_days))


@_once
def claims() -> ports.Claims:
    from chalicelib.adapters.dynamo.claims import DynamoClaims

    return DynamoClaims(_lifetime(_tables().frame_record_days))


@_once
def claims_made() -> ports.ClaimsMade:
    import boto3

    from chalicelib.adapters.queues import SqsClaimsMade

    return SqsClaimsMade(boto3.session.Session().client("sqs"), settings().queue("claims"))


@_once
def registrations() -> ports.Registrations:
    from chalicelib.adapters.dynamo.registrations import DynamoRegistrations
    from chalicelib.domain.clock import utc_now

    return DynamoRegistrations(utc_now, _tables().upload_record_days)


@_once
def templates() -> ports.Templates:
    from chalicelib.adapters.dynamo.templates import DynamoTemplates
    from chalicelib.domain.clock import utc_now

    _tables()
    return DynamoTemplates(utc_now)


@_once
def models() -> ports.Models:
    from chalicelib.adapters.dynamo.models import DynamoModels

    _tables()
    return DynamoModels()


@_once
def retraining() -> ports.Retraining:
    from chalicelib.adapters.dynamo.retraining import DynamoRetraining

    _tables()
    return DynamoRetraining()


@_once
def training_jobs() -> ports.TrainingJobs:
    import boto3

    given = settings()
    if given.retrain_with == GITHUB:
        from datetime import timedelta

        from chalicelib.adapters.dispatch import GitHubTrainingJobs, SecretToken
        from chalicelib.domain.clock import utc_now

        token = SecretToken(boto3.session.Session().client("secretsmanager"), given.github_token_secret)
        lasts = timedelta(seconds=given.training_wait_seconds)
        return GitHubTrainingJobs(given.github_repository, token, media(), utc_now, lasts)
    from chalicelib.adapters.training_jobs import SageMakerTrainingJobs

    return SageMakerTrainingJobs(boto3.session.Session().client("sagemaker"), given)


@_once
def retrainer() -> "Retrainer":
    """What carries retraining on."""
    from datetime import timedelta

    from chalicelib.domain.clock import utc_now
    from chalicelib.domain.retraining import Gathering
    from chalicelib.services.retrainer import Retrainer

    given = settings()
    return Retrainer(
        retraining=retraining(),
        training_jobs=training_jobs(),
        models=models(),
        people=people(),
        templates=templates(),
        media=media(),
        clock=utc_now,
        prefix=given.prefix,
        gathering=Gathering(
            enrolments=given.retrain_after_enrolments,
            registrations_wait=timedelta(hours=given.retrain_after_hours),
            erasures_wait=timedelta(hours=given.retrain_after_erasure_hours),
        ),
        every=timedelta(days=given.retrain_every_days) if given.retrain_every_days else None,
    )


@_once
def access() -> ports.Access:
    from chalicelib.adapters.dynamo.access import DynamoAccess
    from chalicelib.domain.clock import utc_now

    _tables()
    return DynamoAccess(utc_now)


@_once
def id_tokens() -> ports.IdTokens:
    from chalicelib.adapters.id_tokens import OidcIdTokens
    from chalicelib.adapters.signing_keys import SigningKeys
    from chalicelib.domain.clock import utc_now

    given = settings()
    keys = SigningKeys(given.oidc_issuer, given.oidc_jwks_url)
    return OidcIdTokens(given.oidc_issuer, given.oidc_audience, keys, utc_now)


@_once
def rate_limits() -> ports.RateLimits:
    from chalicelib.adapters.dynamo.rate_limits import DynamoRateLimits
    from chalicelib.domain.clock import utc_now

    _tables()
    return DynamoRateLimits(utc_now)


@_once
def media() -> ports.Media:
    from chalicelib.adapters.media import S3Media

    return S3Media(_s3(), settings().bucket, settings().upload_ticket_seconds)


@_once
def erasures() -> ports.Erasures:
    from chalicelib.adapters.dynamo.erasures import DynamoErasures

    _tables()
    return DynamoErasures()


@_once
def traces() -> ports.Traces:
    from chalicelib.adapters.dynamo.traces import DynamoTraces

    _tables()
    return DynamoTraces()


@_once
def signer() -> ports.Signer:
    import boto3

    from chalicelib.adapters.signer import KmsSigner

    return KmsSigner(boto3.session.Session().client("kms"), settings().signing_key)


@_once
def audit() -> ports.Audit:
    from chalicelib.adapters.dynamo.audit import DynamoAudit

    return DynamoAudit(_tables().audit_record_days)


@_once
def seals() -> ports.Seals:
    from chalicelib.adapters.seals import Seals

    _tables()
    return Seals(media())


@_once
def eraser() -> "Eraser":
    """What carries an erasure on."""
    from datetime import timedelta

    from chalicelib.domain.clock import utc_now
    from chalicelib.services.erase_person import Eraser

    return Eraser(
        erasures=erasures(),
        traces=traces(),
        sessions=sessions(),
        frames=frames(),
        media=media(),
        signer=signer(),
        clock=utc_now,
        keeps=timedelta(days=settings().trace_days),
    )


@_once
def recogniser() -> ports.Recogniser:
    return recogniser_of(settings().pack_dir)


def recogniser_of(pack_dir: Path) -> ports.Recogniser:
    from chalicelib.vision.pack import load_pack
    from chalicelib.vision.recogniser import Recogniser

    # A gallery goes from the recogniser back to it, untouched: services need not know its type.
    return cast(ports.Recogniser, Recogniser(load_pack(pack_dir), settings().stranger_share))


@_once
def gallery_of() -> Callable[[str], ports.Gallery]:
    """Loads the gallery of a course; galleries are kept between the events of a warm function."""
    from chalicelib.services.load_gallery import load_gallery
    from chalicelib.services.load_model import load_model
    from chalicelib.services.recent import Recent

    model_of = partial(
        load_model,
        media=media(),
        recogniser=recogniser(),
        recent=Recent(KEPT_MODELS),
        refused=_model_refused,
    )
    return partial(
        load_gallery,
        courses=courses(),
        models=models(),
        people=people(),
        templates=templates(),
        recogniser=recogniser(),
        model_of=model_of,
        recent=Recent(settings().cached_galleries),
    )


def _model_refused(model_id: str, error: Exception) -> None:
    from chalicelib.observability import count, logger

    count("ModelRefused")
    logger.error("model refused, the pack as shipped stands in", model_id=model_id, reason=str(error))


@_once
def _s3() -> "S3Client":
    import boto3
    from botocore.config import Config

    # s3v4 signs all headers of a presigned PUT; a default checksum would be a header that clients cannot know.
    config = Config(signature_version="s3v4", request_checksum_calculation="when_required")
    return boto3.session.Session().client("s3", config=config)
