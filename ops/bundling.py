"""What a bundle is made of in a home: its scope, the figures claimed, schemas and catalog."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

from ledger.codec import decode
from ledger.domain.discard import DISCARDS_ID, Passed
from ledger.domain.division import covers
from ledger.domain.errors import LedgerError
from ledger.log.bundle import membership
from ledger.log.completeness import SubjectIndex
from ledger.store.order import Run
from ledger.verify.history import parsed
from ledger.verify.note import parsed_lines, split_note
from ledger.verify.scope import Scope
from ops.home import Home
from ops.sealing import index_file
from projections.engine import Projector


class CheckpointMissing(LedgerError):
    code, zh, en = (
        "checkpoint-missing",
        "尚无已签检查点;请先运行 checkpoint sign",
        "no checkpoint was signed yet; run checkpoint sign first",
    )


EARLIER = 12
"""How many heads before the one proven against go with a bundle, beside those asked for."""
AMOUNTS = (
    "granted_fen",
    "reversed_fen",
    "settled_fen",
    "returned_fen",
    "returned_late_fen",
    "overpaid_fen",
    "cancelled_fen",
    "recovered_fen",
    "waived_fen",
    "owed_fen",
)
"""What of a balance is claimed: amounts that are sums of a beneficiary's own events."""


def signed_head(home: Home) -> bytes:
    """The newest checkpoint that is final, or the newest where none is, with its cosignatures.

    Raises :class:`CheckpointMissing` where nothing was signed.
    """
    signer = home.signer()
    with home.store.heads() as heads:
        newest = heads.newest(EARLIER)
    if not newest:
        raise CheckpointMissing()
    final = [head for head in newest if signer.final(head)]
    return (final or newest)[-1].cosigned


def head_of(home: Home, size: int) -> bytes:
    """The checkpoint of a size, as it was signed. Raises NoSuchHead."""
    return home.signer().head(size).cosigned


def earlier_heads(home: Home, checkpoint: bytes) -> list[bytes]:
    """The newest heads before a checkpoint that were signed by the same key."""
    size, by = parsed(checkpoint).size, _signed_by(checkpoint)
    with home.store.heads() as heads:
        newest = heads.newest(2 * EARLIER)
    found = [head.cosigned for head in newest if head.size < size]
    return [note for note in found if _signed_by(note) == by][-EARLIER:]


def _signed_by(note: bytes) -> tuple[str, bytes]:
    """Name and id of the key of a note's first signature, which is the log's."""
    name, key, _ = next(parsed_lines(split_note(note)[1]))
    return name, key


def person_scope(projector: Projector, person: str) -> Scope:
    """A person by every id that it was registered under, and every household that these belong or
    belonged to."""
    ids = _ids(projector, person)
    rows = projector.select("household_members", {"person": ids})
    households = sorted({row.household for row in rows})
    return Scope("person", person, (person, *sorted({*ids} - {person}), *households))


def _ids(projector: Projector, person: str) -> list[str]:
    """The id that one person's were merged into, whichever of them is given, and all of those."""
    kept = person
    while (rows := projector.select("persons", {"person": kept})) and rows[0].merged_into:
        kept = rows[0].merged_into
    found = [kept]
    for each in found:  # which grows: what was merged into a duplicate before that was one
        found += (row.person for row in projector.select("persons", {"merged_into": each}))
    return found


def in_log(home: Home, scope: Scope) -> bool:
    """Whether any event is of the scope."""
    within = membership(scope)
    return any(within(raw) for batch in home.feed.read(0) for _, raw in batch)


def claims(home: Home, scope: Scope, checkpoint: bytes) -> dict[str, Any]:
    """The figures that the views have as of the checkpoint, for the verifier to compare.

    With them ``passed_over``: events of the scope that the view does without, as officers decided
    before the checkpoint, each with its discard. The figures leave out these and no others.
    """
    size = parsed(checkpoint).size
    view = "balances" if scope.kind == "person" else "program_totals"
    passed = _passed_over(home, view, size)
    within = membership(scope)
    made: dict[str, Any] = {}
    if listed := [x for x in passed if within(home.log.entry(x["position"]))]:
        made["passed_over"] = listed
    if scope.kind == "person":
        with _as_of(home, size, view, passed, scope.subjects) as past:
            return {**made, "balances": _balances(past, scope.subjects)}
    with _as_of(home, size, view, passed) as past:
        return {**made, "disbursed_fen": _disbursed(past, scope)}


def _passed_over(home: Home, view: str, size: int) -> list[dict[str, Any]]:
    """What the view passes over by discards among the first ``size`` events of the log."""
    with home.store.order() as order:
        runs = order.runs()
    found = []
    for number, raw in home.store.numbered(DISCARDS_ID):
        data = decode(raw).data
        discard = _position(runs, number)
        if data.view == view and discard < size:
            found.append({"view": view, "position": data.position, "discard": discard})
    return found


def _position(runs: Sequence[Run], number: int) -> int:
    """The position of a notification id; beyond every one where it has none yet."""
    for run in runs:
        if run.first_notification <= number <= run.last_notification:
            return run.first_position + number - run.first_notification
    return runs[-1].end


def _balances(past: Projector, subjects: Sequence[str]) -> dict[str, Any]:
    found: dict[str, dict[str, dict[str, int]]] = defaultdict(dict)
    for row in past.select("balances", {"beneficiary": list(subjects)}):
        amounts = {name: getattr(row, name) for name in AMOUNTS}
        found[row.beneficiary][row.program] = {n: fen for n, fen in amounts.items() if fen}
    return dict(found)


def _disbursed(past: Projector, scope: Scope) -> dict[str, Any]:
    found: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in past.select("program_totals", {"measure": "amount"}):
        year = row.month[:4]
        if scope.kind == "year" and year != scope.value:
            continue
        if scope.kind == "division" and not covers(scope.value, row.division):
            continue
        found[year][row.program] += row.amount_fen
    return {year: dict(programs) for year, programs in found.items()}


@contextmanager
def _as_of(
    home: Home,
    size: int,
    view: str,
    passed: Sequence[Mapping[str, Any]],
    subjects: Sequence[str] | None = None,
) -> Iterator[Projector]:
    """The live views if they stand just there, else one view folded anew to there.

    A live view may hold an event that was discarded since, or do without one by a later discard:
    where there is any discard, what was passed over by then is decided anew.
    """
    if home.projector.position() == size and not home.discarded():
        yield home.projector
        return
    over: Passed = {x["position"]: frozenset({view}) for x in passed}
    past = home.projector.as_of(size, subjects=subjects, views=(view,), discarded=lambda: over)
    try:
        yield past
    finally:
        past.close()


def documents(home: Home) -> dict[str, bytes]:
    """Every event schema and the catalog, by their names in a bundle."""
    found = {}
    roots: list[tuple[str, Traversable, str]] = [
        ("schemas", resources.files("schemas"), ".json"),
        ("schemas", resources.files("schemas") / "events", ".json"),
        ("catalog", resources.files("ledger.catalog"), ".toml"),
        ("catalog", resources.files("ledger.catalog") / "programs", ".toml"),
        ("catalog", home.path / "catalog", ".toml"),
    ]
    for folder, root, suffix in roots:
        if root.is_dir():
            for file in root.iterdir():
                if file.name.endswith(suffix):
                    found[f"{folder}/{file.name}"] = file.read_bytes()
    return found


def kept_index(home: Home, position: int, root: bytes) -> SubjectIndex | None:
    """The index over the first ``position`` events, if it is kept and has this root."""
    return SubjectIndex.read(index_file(home, position), root)
