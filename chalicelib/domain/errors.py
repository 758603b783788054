"""Every error that Rollcall raises on purpose.

RollcallError
├── NotFound: PersonNotFound, CourseNotFound, SessionNotFound, TimetableNotFound, FrameNotFound, FaceNotFound,
│   ClaimNotFound, RegistrationNotFound, CameraNotFound, ConsentTextNotFound, DigestNotFound, IdentityNotFound,
│   ModelNotFound, RetrainingJobNotFound
├── Refused (the request is understood and will not be done)
│   ├── InvalidRequest, EmptyBody, PayloadTooLarge, UnsupportedMediaType, IdempotencyKeyReused, PreconditionFailed
│   ├── UnreadableMedia: UnreadablePicture, TooManyPixels, UnreadableVideo
│   ├── InvalidToken: TokenExpired
│   ├── NotInvited, Forbidden, IdentityTaken, AdminExists
│   ├── SessionBegun, SessionNotOpen, ConsentMissing, NotOnRoster, NotAnInstructor, LimitReached, TooManyRequests
│   ├── PersonArchived, CourseArchived, CourseInUse, ExternalIdTaken, RosterRefused, CodeRefused
│   ├── FrameNotRead, FaceTaken, NothingToDecide
│   ├── RetrainingNotSetUp, ModelOfAnotherPack, NotProven, NotInService, NothingToRollBackTo
│   └── UsesNotNamed, ConsentTextExists, BiometricsOff, ErasureUnfinished
├── Contention, DeletionFailed, SignInUnavailable (try again)
└── Misconfigured: PackRefused, ModelNotInstalled, TemplateRefused, ArtefactRefused, TrainingNotStarted

Each leaf has a stable `code`; edges translate codes, never class names.
"""

from typing import ClassVar


class RollcallError(Exception):
    """The root. `code` is part of the API and never changes meaning."""

    code: ClassVar[str] = "internal_error"


class NotFound(RollcallError):
    code = "not_found"


class PersonNotFound(NotFound):
    code = "person_not_found"


class CourseNotFound(NotFound):
    code = "course_not_found"


class SessionNotFound(NotFound):
    code = "session_not_found"


class TimetableNotFound(NotFound):
    code = "timetable_not_found"


class FrameNotFound(NotFound):
    code = "frame_not_found"


class FaceNotFound(NotFound):
    """A face of a frame that is not among those that were found in it."""

    code = "face_not_found"


class ClaimNotFound(NotFound):
    code = "claim_not_found"


class RegistrationNotFound(NotFound):
    code = "registration_not_found"


class CameraNotFound(NotFound):
    code = "camera_not_found"


class ConsentTextNotFound(NotFound):
    code = "consent_text_not_found"


class DigestNotFound(NotFound):
    code = "digest_not_found"


class IdentityNotFound(NotFound):
    code = "identity_not_found"


class ModelNotFound(NotFound):
    code = "model_not_found"


class RetrainingJobNotFound(NotFound):
    code = "retraining_job_not_found"


class Refused(RollcallError):
    code = "refused"


class InvalidRequest(Refused):
    code = "invalid_request"


class EmptyBody(Refused):
    code = "empty_body"


class PayloadTooLarge(Refused):
    code = "payload_too_large"


class UnsupportedMediaType(Refused):
    """The bytes are of no type that Rollcall reads, whatever the name or header claims."""

    code = "unsupported_media_type"


class IdempotencyKeyReused(Refused):
    code = "idempotency_key_reused"


class PreconditionFailed(Refused):
    """What is to be edited is not what the caller has seen any more."""

    code = "precondition_failed"


class UnreadableMedia(Refused):
    code = "unreadable_media"


class UnreadablePicture(UnreadableMedia):
    code = "unreadable_picture"


class TooManyPixels(UnreadableMedia):
    code = "too_many_pixels"


class UnreadableVideo(UnreadableMedia):
    code = "unreadable_video"


class InvalidToken(Refused):
    code = "invalid_token"


class TokenExpired(InvalidToken):
    """It was good once: sign in again, or refresh it."""

    code = "token_expired"


class NotInvited(Refused):
    """The token is good, but its account belongs to nobody here."""

    code = "not_invited"


class IdentityTaken(Refused):
    """The account belongs to another person."""

    code = "identity_taken"


class AdminExists(Refused):
    code = "admin_exists"


class Forbidden(Refused):
    code = "forbidden"


class SessionNotOpen(Refused):
    code = "session_not_open"


class SessionBegun(Refused):
    code = "session_begun"


class ConsentMissing(Refused):
    code = "consent_missing"


class NotOnRoster(Refused):
    code = "not_on_roster"


class NotAnInstructor(Refused):
    code = "not_an_instructor"


class LimitReached(Refused):
    code = "limit_reached"


class UsesNotNamed(Refused):
    """A consent permits a use that its text does not name."""

    code = "uses_not_named"


class ConsentTextExists(Refused):
    """A version of a consent text is written once."""

    code = "consent_text_exists"


class CodeRefused(Refused):
    """What was typed is not the code being shown in class, or no longer."""

    code = "code_refused"


class PersonArchived(Refused):
    code = "person_archived"


class CourseArchived(Refused):
    code = "course_archived"


class CourseInUse(Refused):
    """The course has sessions that the change would falsify."""

    code = "course_in_use"


class ExternalIdTaken(Refused):
    code = "external_id_taken"


class RosterRefused(Refused):
    """A row of a roster file is wrong, so nothing was done."""

    code = "roster_refused"


class TooManyRequests(Refused):
    """Asked for more often than is allowed; after `retry_after_seconds` it may be asked again."""

    code = "too_many_requests"

    def __init__(self, message: str, retry_after_seconds: int) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class BiometricsOff(Refused):
    """Recognition is switched off for the whole deployment; marks by hand and codes go on."""

    code = "biometrics_off"


class ErasureUnfinished(Refused):
    """What is to be deleted is not deleted yet: wait for it."""

    code = "erasure_unfinished"


class FrameNotRead(Refused):
    """The frame's faces are not known yet: ask again when it has been read."""

    code = "frame_not_read"


class FaceTaken(Refused):
    """Another person's claim to that face was accepted."""

    code = "face_taken"


class NothingToDecide(Refused):
    """A review that is over, or never was one."""

    code = "nothing_to_decide"


class RetrainingNotSetUp(Refused):
    """This deployment names nothing that could run a training job."""

    code = "retraining_not_set_up"


class ModelOfAnotherPack(Refused):
    """Templates of the pack in service cannot be compared by it."""

    code = "model_of_another_pack"


class NotProven(Refused):
    """The model was tested with too little evidence to be put in service."""

    code = "not_proven"


class NotInService(Refused):
    """Another model is in service, so there is nothing to roll back from."""

    code = "not_in_service"


class NothingToRollBackTo(Refused):
    code = "nothing_to_roll_back_to"


class Contention(RollcallError):
    """Others wrote the same record at the same time, more often than we retried. Nothing was lost: try again."""

    code = "contention"


class DeletionFailed(RollcallError):
    """Something that was to be deleted is still there: try again."""

    code = "deletion_failed"


class SignInUnavailable(RollcallError):
    """The identity provider's keys cannot be had: whether a token is good cannot be said. Try again."""

    code = "sign_in_unavailable"


class Misconfigured(RollcallError):
    code = "misconfigured"


class PackRefused(Misconfigured):
    """A model pack whose files differ from what its pack.json declares."""

    code = "pack_refused"


class ModelNotInstalled(Misconfigured):
    """The champion is a model that this function's pack does not hold."""

    code = "model_not_installed"


class TemplateRefused(Misconfigured):
    """A template that the gallery's model cannot have made: of another model or length, or without direction."""

    code = "template_refused"


class ArtefactRefused(Misconfigured):
    """What a training job made is not what it has to be: it is never put in service."""

    code = "artefact_refused"


class TrainingNotStarted(Misconfigured):
    """Whoever runs training jobs will not run this one, however often it is asked."""

    code = "training_not_started"
