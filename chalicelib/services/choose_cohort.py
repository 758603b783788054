"""Choose the cohort of a gallery: other people's live templates, against whom its scores are normalised."""

from collections.abc import Collection

from chalicelib.domain.templates import Template
from chalicelib.services.ports import People, Templates


def choose_cohort(
    roster: Collection[str], model_id: str, size: int, *, people: People, templates: Templates
) -> tuple[Template, ...]:
    """`size` people who are not on the roster and permit it, always the same ones; nobody if there are not as many.

    As few shards are read as it takes, so a school of thousands costs no more than one of hundreds.
    """
    chosen: list[Template] = []
    on_roster = frozenset(roster)
    shards = templates.in_shards(model_id) if size else iter(())
    for shard in shards:
        others = [template for template in shard if template.person_id not in on_roster]
        willing = people.permitting_normalisation([template.person_id for template in others])
        chosen += [template for template in others if template.person_id in willing]
        if len(chosen) >= size:
            return tuple(chosen[:size])
    return ()
