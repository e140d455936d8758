"""Stream ids: derived from what must be unique, the same everywhere, equal to UUIDv5."""

from uuid import UUID, uuid5

from hypothesis import given
from hypothesis import strategies as st

from ledger.domain.stream import derived_id, enrollment_id

NAMESPACE = UUID("6d2f7a86-4c53-5b0e-9a51-b8a4b5a0c7d1")


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=3))
def test_the_digits_are_those_of_uuid5(parts: list[str]) -> None:
    expected = uuid5(NAMESPACE, "\x1f".join(("case", *parts))).hex
    assert derived_id("case", *parts) == f"case-{expected}"


def test_one_enrollment_a_person_and_program() -> None:
    assert enrollment_id("person-1", "living") == enrollment_id("person-1", "living")
    assert enrollment_id("person-1", "living") != enrollment_id("person-1", "nursing")
    assert enrollment_id("person-1", "living") != enrollment_id("person-2", "living")
