"""However a roster is kept, the ledger learns the same of it; and giving it again adds nothing."""

import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.catalog.loader import load_divisions
from ledger.commands.person import RegisterPerson
from ledger.domain.errors import LedgerError
from ledger.domain.events import Event
from ops.roster.fields import Reference
from ops.roster.importing import Kind, Summary, carry_out, check, choose, summary
from ops.roster.reading import read_tables
from tests.office import CITY, DISTRICT, LIVING, NURSING, Office, by, catalog, identity
from tests.rosters import Row, application, clean, messy, person, save, save_csv

TODAY = date(2017, 6, 1)

PERSONS = st.lists(st.integers(0, 200), min_size=1, max_size=8, unique=True).map(
    lambda numbers: [person(n) for n in numbers]
)


class Crash(Exception):
    """The process dies here."""


@contextmanager
def office() -> Iterator[Office]:
    with tempfile.TemporaryDirectory(prefix="roster-") as folder:
        made = Office(Path(folder) / "home").at(TODAY)
        yield made
        made.close()


def take_in(
    office: Office, kind: Kind, file: Path, *, chunk_rows: int = 3, dies_after: int | None = None
) -> Summary:
    """Import a file; the process dies once so many rows have been carried out."""
    reference = Reference(
        today=TODAY,
        divisions=load_divisions(),
        programs=catalog(),
        person_id=office.home.vault.person_id,
        document="名册",
    )
    table, layout = choose(kind, read_tables(file), frozenset())
    rows = check(kind, table, layout, replace(reference, epoch=table.epoch))

    def progress(done: int, total: int) -> None:
        if dies_after is not None and done >= dies_after:
            raise Crash

    clerk = by("registrar-1", TODAY, CITY)
    carry_out(office.ledger, rows, clerk, progress, chunk_rows=chunk_rows)
    return summary(rows)


def log(office: Office) -> list[bytes]:
    return [raw for batch in office.home.feed.read(0) for _, raw in batch]


def learned(office: Office) -> list[Event[Any]]:
    """The log without the keys of the groups that its events came in."""
    return [msgspec.structs.replace(event, correlationid="") for event in office.log()]


def written(office: Office, table: Sequence[Sequence[Any]], style: int) -> Path:
    file = office.path.parent / "roster"
    if style == 0:
        return save(file, table)
    return save_csv(file, table, ("utf-8", "utf-8-sig", "gb18030")[style - 1])


@given(rows=PERSONS, seed=st.integers(0, 2**32), style=st.integers(0, 3))
def test_any_mess_of_a_roster_gives_the_bytes_of_the_clean_one_and_twice_adds_nothing(
    rows: list[Row], seed: int, style: int
) -> None:
    with office() as tidy, office() as untidy:
        take_in(tidy, "persons", save(tidy.path.parent / "roster", clean("persons", rows)))
        file = written(untidy, messy("persons", rows, Random(seed)), style)
        made = take_in(untidy, "persons", file)
        assert (made.applied, made.rejected, made.reasons) == (len(rows), 0, {})
        assert log(untidy) == log(tidy)
        again = take_in(untidy, "persons", file)
        assert (again.present, again.applied, again.events) == (len(rows), 0, 0)
        assert log(untidy) == log(tidy)


@settings(max_examples=20)
@given(
    numbers=st.lists(st.integers(0, 200), min_size=1, max_size=5, unique=True),
    seed=st.integers(0, 2**32),
)
def test_any_mess_of_applications_gives_the_bytes_of_the_clean_ones(
    numbers: list[int], seed: int
) -> None:
    rows = [application(n, p) for n in numbers for p in (LIVING, NURSING)]
    logs = []
    for table in (clean("applications", rows), messy("applications", rows, Random(seed))):
        with office() as made:
            people = [person(n) for n in numbers]
            folder = made.path.parent
            take_in(made, "persons", save(folder / "p", clean("persons", people)))
            found = take_in(made, "applications", save(folder / "a", table))
            assert (found.applied, found.rejected) == (len(rows), 0)
            assert take_in(made, "applications", folder / "a").events == 0
            logs.append(log(made))
    assert logs[0] == logs[1]


@settings(max_examples=20)
@given(rows=PERSONS, chunk=st.integers(1, 4), dies=st.integers(1, 8))
def test_a_process_that_died_between_two_chunks_is_made_good_by_the_next(
    rows: list[Row], chunk: int, dies: int
) -> None:
    with office() as whole, office() as broken:
        file = save(whole.path.parent / "roster", clean("persons", rows))
        take_in(whole, "persons", file, chunk_rows=chunk)
        if dies <= len(rows):
            with pytest.raises(Crash):
                take_in(broken, "persons", file, chunk_rows=chunk, dies_after=dies)
        next_process = broken.rival().at(TODAY)
        made = take_in(next_process, "persons", file, chunk_rows=chunk)
        assert made.applied + made.present == len(rows)
        assert learned(next_process) == learned(whole)
        next_process.close()


def test_a_process_that_died_before_the_store_took_a_chunk_leaves_nothing_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The keys of the people in it are in the vault by then, and are found again."""
    rows = [person(n) for n in range(5)]
    with office() as whole, office() as broken:
        file = save(whole.path.parent / "roster", clean("persons", rows))
        take_in(whole, "persons", file)
        before = broken.length()

        def die(*_: Any, **__: Any) -> None:
            raise Crash

        with monkeypatch.context() as dying:
            dying.setattr(type(broken.home.store), "append", die)
            with pytest.raises(Crash):
                take_in(broken, "persons", file)
        assert broken.length() == before
        next_process = broken.rival().at(TODAY)
        assert take_in(next_process, "persons", file).applied == len(rows)
        assert log(next_process) == log(whole)
        next_process.close()


def test_a_rehearsal_leaves_no_keys_to_be_stored_by_what_follows() -> None:
    """The vault's file as after the registration alone: nobody else's key is in it."""
    clerk = by("clerk-1", TODAY)
    with office() as made:
        people = [
            RegisterPerson(id_number=identity(n), name=f"测{n}", division=DISTRICT, urban=True)
            for n in (1, 2)
        ]
        assert made.ledger.rehearse([(people[0], clerk)])[0].events == 1
        made.do(people[1], clerk)
        with closing(sqlite3.connect(made.path / "vault" / "vault.db")) as vault:
            names = {row[0] for row in vault.execute("SELECT name FROM keys")}
        assert names & {made.vault_id(1), made.vault_id(2)} == {made.vault_id(2)}


@given(content=st.binary(max_size=400), seed=st.integers(0, 2**32))
def test_a_damaged_workbook_is_read_or_refused_and_nothing_else(content: bytes, seed: int) -> None:
    """A few bytes of a good one are overwritten, or it is cut short."""
    random = Random(seed)
    with tempfile.TemporaryDirectory(prefix="roster-") as folder:
        file = save(Path(folder) / "roster", clean("persons", [person(1)]))
        raw = bytearray(file.read_bytes())
        at = random.randrange(len(raw))
        raw[at : at + len(content)] = content
        file.write_bytes(raw[: random.choice([len(raw), random.randrange(len(raw))])])
        code = "roster-read"
        try:
            choose("persons", read_tables(file), frozenset())
        except LedgerError as error:
            code = error.code
        assert code.startswith("roster-")
