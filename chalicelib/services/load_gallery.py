"""Load the gallery of a course's roster: never stale, and read anew only when a version has changed."""

from collections.abc import Callable

from chalicelib.domain.templates import Champion
from chalicelib.services.choose_cohort import choose_cohort
from chalicelib.services.ports import Courses, Gallery, Model, Models, People, Recogniser, Templates
from chalicelib.services.recent import Recent
from chalicelib.services.require_champion import require_champion

Key = tuple[str, int, Champion, str]


def load_gallery(
    course_id: str,
    *,
    courses: Courses,
    models: Models,
    people: People,
    templates: Templates,
    recogniser: Recogniser,
    model_of: Callable[[Champion], Model],
    recent: Recent[Key, Gallery],
) -> Gallery:
    """The course's roster, with a cohort, for the model in service.

    Course and champion are read strongly for each frame, before the roster: a gallery can be newer than its key, never
    older, who withdraws is in no cohort of the next frame, and a promotion or a rollback shows in it. The key tells the
    model that was loaded apart from the one that should have been. Raises CourseNotFound, ModelNotInstalled.
    """
    version = courses.get(course_id).version
    champion = require_champion(models=models, recogniser=recogniser)
    model = model_of(champion)
    key = (course_id, version, champion, model.model_id)
    gallery = recent.get(key)
    if gallery is None:
        roster, pack_id = courses.roster(course_id), champion.pack_id
        cohort = choose_cohort(roster, pack_id, model.cohort_size, people=people, templates=templates)
        enrolled = templates.of_people(roster, pack_id)
        gallery = recogniser.gallery(enrolled, cohort, people.lookalikes(roster), model)
        recent.put(key, gallery)
    return gallery
