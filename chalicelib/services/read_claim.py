"""Read a claim, waiting a little for its verdict if asked to."""

from collections.abc import Callable

from chalicelib.domain.claims import Claim, ClaimState
from chalicelib.domain.errors import ClaimNotFound
from chalicelib.services.ports import Claims, Frames

POLL_SECONDS = 0.25


def read_claim(
    frame_id: str,
    claim_id: str,
    wait_seconds: float,
    *,
    frames: Frames,
    claims: Claims,
    sleep: Callable[[float], None],
) -> Claim:
    """The claim, pending if it was not settled in time. Raises FrameNotFound, ClaimNotFound."""
    session_id = frames.get(frame_id).session_id
    claim = claims.get(session_id, claim_id)
    if claim.frame_id != frame_id:
        raise ClaimNotFound(f"There is no claim {claim_id} to a face of this frame.")
    for _ in range(round(wait_seconds / POLL_SECONDS)):
        if claim.state is not ClaimState.PENDING:
            break
        sleep(POLL_SECONDS)
        claim = claims.get(session_id, claim_id)
    return claim
