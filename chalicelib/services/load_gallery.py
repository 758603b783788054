"""Load the gallery of a course's roster: never stale, and read anew only when a version has changed."""

from collections import OrderedDict

from chalicelib.domain.templates import Champion
from chalicelib.services.choose_cohort import choose_cohort
from chalicelib.services.ports import Courses, Gallery, Models, People, Recogniser, Templates
from chalicelib.services.require_champion import require_champion

Key = tuple[str, int, Champion]


class GalleryCache:
    """The galleries used last, by (course, version, champion)."""

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
    people: People,
    templates: Templates,
    recogniser: Recogniser,
    cache: GalleryCache,
) -> Gallery:
    """The course's roster, with a cohort.

    Course and champion are read strongly for each frame, before the roster: a gallery can be newer than its key, never
    older, and who withdraws is in no cohort of the next frame. Raises CourseNotFound, ModelNotInstalled.
    """
    version = courses.get(course_id).version
    champion = require_champion(models=models, recogniser=recogniser)
    key = (course_id, version, champion)
    gallery = cache.get(key)
    if gallery is None:
        roster, model_id = courses.roster(course_id), champion.pack_id
        cohort = choose_cohort(roster, model_id, recogniser.cohort_size, people=people, templates=templates)
        gallery = recogniser.gallery(templates.of_people(roster, model_id), cohort, people.lookalikes(roster))
        cache.put(key, gallery)
    return gallery
