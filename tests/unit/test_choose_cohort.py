"""The cohort of a gallery: whom it may hold, and how little is read to find them."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.templates import Occasion, Template
from chalicelib.services.choose_cohort import choose_cohort

MODEL = "model-1"


@dataclass
class Shards:
    """Templates as they are stored, by shard; counts the shards that were read."""

    person_ids: Sequence[Sequence[str]]
    read: int = 0

    def in_shards(self, model_id: str) -> Iterator[tuple[Template, ...]]:
        for shard in self.person_ids:
            self.read += 1
            yield tuple(Template(each, model_id, (Occasion("registration", (b"",)),)) for each in shard)


@dataclass
class Consents:
    """Remembers whose consent was asked for."""

    willing: Collection[str]
    asked: list[str] = field(default_factory=list)

    def permitting_normalisation(self, person_ids: Sequence[str]) -> frozenset[str]:
        self.asked += person_ids
        return frozenset(person_ids) & frozenset(self.willing)


def chosen(roster: Collection[str], size: int, shards: Shards, consents: Consents) -> list[str]:
    cohort = choose_cohort(roster, MODEL, size, people=consents, templates=shards)
    assert all(template.model_id == MODEL for template in cohort)
    return [template.person_id for template in cohort]


def test_the_roster_and_those_who_do_not_permit_it_are_left_out() -> None:
    shards = Shards([["ann", "cyd", "dan"], ["ben", "eve", "fay"]])
    assert chosen(["ann", "ben"], 2, shards, Consents(["ann", "ben", "dan", "eve", "fay"])) == ["dan", "eve"]


def test_with_too_few_there_is_no_cohort() -> None:
    shards, consents = Shards([["ann", "cyd"], ["dan"]]), Consents(["ann", "cyd", "dan"])
    assert chosen(["ann"], 3, shards, consents) == []
    assert chosen(["ann"], 2, shards, consents) == ["cyd", "dan"]


def test_a_model_that_asks_for_nobody_costs_no_read() -> None:
    shards, consents = Shards([["ann", "cyd"]]), Consents(["cyd"])
    assert chosen([], 0, shards, consents) == []
    assert (shards.read, consents.asked) == (0, [])


def test_no_more_shards_are_read_than_it_takes() -> None:
    shards = Shards([["ann"], ["cyd"], ["dan"], ["eve"]])
    assert chosen(["ann"], 2, shards, Consents(["cyd", "dan", "eve"])) == ["cyd", "dan"]
    assert shards.read == 3


def test_nobody_on_the_roster_is_asked_about() -> None:
    consents = Consents(["ann", "cyd"])
    chosen(["ann"], 1, Shards([["ann", "cyd"]]), consents)
    assert consents.asked == ["cyd"]


@given(
    stored=st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.booleans()), max_size=20),
    size=st.integers(0, 12),
)
def test_a_cohort_is_whole_or_empty_and_always_the_same(
    stored: list[tuple[int, bool, bool]], size: int
) -> None:
    """Each person: the shard, whether on the roster, whether willing."""
    people = {f"person-{number}": facts for number, facts in enumerate(stored)}
    shards = [[each for each, (its, _, _) in people.items() if its == shard] for shard in range(4)]
    roster = {each for each, (_, listed, _) in people.items() if listed}
    willing = {each for each, (_, _, agreed) in people.items() if agreed}
    able = [each for shard in shards for each in shard if each in willing - roster]
    for _ in range(2):
        found = chosen(roster, size, Shards(shards), Consents(willing))
        assert found == (able[:size] if len(able) >= size else [])
