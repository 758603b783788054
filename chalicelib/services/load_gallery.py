"""Load the gallery of a course's roster: never stale, and read anew only when a version has changed."""

from collections import OrderedDict

from chalicelib.services.ports import Courses, Gallery, Models, Recogniser, Templates
from chalicelib.services.require_champion import require_champion

Key = tuple[str, int, str]


class GalleryCache:
    """The galleries used last, by (course, version, model)."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._galleries: OrderedDict[Key, Gallery] = OrderedDict()

    def get(self, key: Key) -> Gallery | None:
        gallery = self._galleries.get(key)
        if gallery is not None:
            self._galleries.move_to_end(key)
        return gallery

    def put(self, key: Key, gallery: Gallery) -> None:
        self._galleries[key] = gallery
        while len(self._galleries) > self._capacity:
            self._galleries.popitem(last=False)


def load_gallery(
    course_id: str,
    *,
    courses: Courses,
    models: Models,
    templates: Templates,
    recogniser: Recogniser,
    cache: GalleryCache,
) -> Gallery:
    """The version is read strongly for each frame, before the roster: a gallery can be newer than its key, never older.

    Raises CourseNotFound, ModelNotInstalled.
    """
    version = courses.get(course_id).version
    model_id = require_champion(models=models, recogniser=recogniser)
    key = (course_id, version, model_id)
    gallery = cache.get(key)
    if gallery is None:
        gallery = recogniser.gallery(templates.of_people(courses.roster(course_id), model_id))
        cache.put(key, gallery)
    return gallery
