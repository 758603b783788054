"""Frames in DynamoDB. A frame is outstanding from its receipt until it is merged into the register."""

from contextlib import suppress
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from pynamodb.expressions.update import Action

from chalicelib.adapters.dynamo.records import FrameRecord
from chalicelib.adapters.dynamo.transactions import add_once, conditional
from chalicelib.domain.clock import Clock
from chalicelib.domain.errors import Contention, FrameNotFound
from chalicelib.domain.frames import Frame, FrameResult, FrameState, Rejection
from chalicelib.domain.quality import CameraHealth, Condition, Reason
from chalicelib.domain.sightings import Box, Decision, Sighting
from chalicelib.settings import Settings

ATTEMPTS = 10


class _WrittenError(Exception):
    """The frame has a result already."""


class _ChangedError(Exception):
    """The result is not the one that was read."""


class DynamoFrames:
    def __init__(self, clock: Clock, limits: Settings) -> None:
        self._clock = clock
        self._unused = timedelta(days=limits.upload_record_days)
        self._used = timedelta(days=limits.frame_record_days)
        self._ticket = timedelta(seconds=limits.upload_ticket_seconds)

    def add(self, frame: Frame) -> Frame:
        record = FrameRecord(
            frame_id=frame.frame_id,
            session_id=frame.session_id,
            created_at=frame.created_at,
            received_at=frame.received_at,
            outstanding_session_id=frame.session_id,
            expires_at=frame.created_at + (self._unused if frame.received_at is None else self._used),
        )
        absent = FrameRecord.frame_id.does_not_exist()
        return add_once(record.save, absent, lambda: self.get(frame.frame_id), frame)

    def get(self, frame_id: str) -> Frame:
        missing = FrameNotFound(f"There is no frame {frame_id}, or it has expired.")
        try:
            record = FrameRecord.get(frame_id, consistent_read=True)
        except FrameRecord.DoesNotExist as error:
            raise missing from error
        if record.expires_at < self._clock():  # expired items stay readable for days
            raise missing
        return _frame(record)

    def record_result(self, frame: Frame, result: FrameResult) -> Frame:
        record = FrameRecord(frame.frame_id)
        actions: list[Action] = [
            FrameRecord.result.set(_stored(result)),
            FrameRecord.received_at.set(result.received_at),
            FrameRecord.expires_at.set(result.received_at + self._used),
        ]
        if candidates := {each.candidate for each in result.sightings if each.candidate is not None}:
            actions.append(FrameRecord.candidates.set(candidates))
        try:
            conditional(
                lambda: record.update(
                    actions=actions,
                    condition=FrameRecord.frame_id.exists() & FrameRecord.result.does_not_exist(),
                ),
                _WrittenError(),
            )
        except _WrittenError:
            # Written before us, perhaps by ourselves with the reply lost: that result stands.
            return self.get(frame.frame_id)
        return replace(frame, received_at=result.received_at, result=result)

    def finish(self, frame: Frame) -> None:
        FrameRecord(frame.frame_id).update(
            actions=[FrameRecord.merged.set(True), FrameRecord.outstanding_session_id.remove()],
            condition=FrameRecord.frame_id.exists(),
        )

    def naming(self, person_id: str, session_id: str) -> tuple[str, ...]:
        found = FrameRecord.by_session.query(
            session_id, filter_condition=FrameRecord.candidates.contains(person_id)
        )
        return tuple(frame.frame_id for frame in found)

    def forget_candidate(self, frame_id: str, person_id: str) -> None:
        for _ in range(ATTEMPTS):
            try:
                record = FrameRecord.get(frame_id, consistent_read=True)
            except FrameRecord.DoesNotExist:
                return None
            if record.result is None or person_id not in (record.candidates or ()):
                return None
            with suppress(_ChangedError):
                return _strip(record, person_id)
        raise Contention(f"The frame {frame_id} was being changed by others.")

    def any_outstanding(self, session_id: str) -> bool:
        """Of tickets only those count that may still be used: most that are older never were."""
        recent = self._clock() - self._ticket
        return any(
            frame.received_at is not None or frame.created_at >= recent
            for frame in FrameRecord.outstanding.query(session_id)
        )


def _strip(record: FrameRecord, person_id: str) -> None:
    """Two people of one frame may be erased at once: only the result that was read is replaced."""
    sightings = [
        {**sighting, "candidate": None if sighting["candidate"] == person_id else sighting["candidate"]}
        for sighting in record.result["sightings"]
    ]
    conditional(
        lambda: FrameRecord(record.frame_id).update(
            actions=[
                FrameRecord.result.set({**record.result, "sightings": sightings}),
                FrameRecord.candidates.delete({person_id}),
            ],
            condition=FrameRecord.result == record.result,
        ),
        _ChangedError(),
    )


def _stored(result: FrameResult) -> dict[str, Any]:
    return {**asdict(result), "received_at": result.received_at.isoformat()}


def _frame(record: FrameRecord) -> Frame:
    result = None if record.result is None else _result(record.result)
    state = FrameState.PENDING
    if record.merged and result is not None:
        state = FrameState.DONE if result.rejection is None else FrameState.REJECTED
    return Frame(
        frame_id=record.frame_id,
        session_id=record.session_id,
        created_at=record.created_at,
        received_at=record.received_at,
        state=state,
        result=result,
    )


def _result(stored: Any) -> FrameResult:
    """Results written before health and reasons were told have none."""
    return FrameResult(
        model_id=stored["model_id"],
        received_at=datetime.fromisoformat(stored["received_at"]).astimezone(UTC),
        sightings=tuple(_sighting(sighting) for sighting in stored["sightings"]),
        rejection=None if stored["rejection"] is None else Rejection(**stored["rejection"]),
        health=_health(stored.get("health")),
    )


def _sighting(stored: Any) -> Sighting:
    read = {
        "box": Box(**stored["box"]),
        "decision": Decision(stored["decision"]),
        "reasons": tuple(Reason(code) for code in stored.get("reasons", ())),
    }
    return Sighting(**{"confidence": 0.0, **stored, **read})


def _health(stored: Any) -> CameraHealth | None:
    if stored is None:
        return None
    return CameraHealth(**{**stored, "conditions": tuple(Condition(code) for code in stored["conditions"])})
