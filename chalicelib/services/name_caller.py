"""Name a caller: what people call the person or the camera that a token speaks for."""

from chalicelib.domain.access import Caller, Role
from chalicelib.services.ports import Access, People


def name_caller(caller: Caller, *, people: People, access: Access) -> str | None:
    """None for a token that belongs to nobody, such as the first admin's. Raises CameraNotFound."""
    if caller.role is Role.CAMERA:
        return access.camera(caller.subject).name
    return people.names([caller.subject]).get(caller.subject)
