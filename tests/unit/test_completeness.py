"""The chain of a subject's events, and the index that proves it whole or the subject absent."""

import json
from collections import defaultdict
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from ledger.domain.errors import NotFound
from ledger.log.completeness import Chains, SubjectIndex
from ledger.log.errors import FeedGap
from ledger.verify.completeness import Sealed, check_absent, check_present
from ledger.verify.merkle import ProofRefused, leaf_hash
from ledger.verify.refusal import Refused
from tests.any_history import any_history
from tests.bundles import told_city
from tests.histories import History

Events = dict[str, list[tuple[int, bytes]]]


def by_subject(told: History) -> Events:
    """What the index is about, read with nothing of ours but the leaf's hash."""
    found: Events = defaultdict(list)
    for position, raw in told.records:
        found[json.loads(raw)["subject"]].append((position, leaf_hash(raw)))
    return found


def index_of(told: History) -> tuple[SubjectIndex, Sealed]:
    chains = Chains()
    for start in range(0, len(told.records), 3):
        chains.take(told.records[start : start + 3])
    index = chains.index()
    size = len(told.records)
    return index, Sealed("2017-03", size, size, len(index), index.root)


def test_a_chain_is_what_the_guide_says() -> None:
    told = told_city()
    index, _ = index_of(told)
    head, events = bytes(32), by_subject(told)["p1"]
    for position, raw in told.records:
        if json.loads(raw)["subject"] == "p1":
            leaf = sha256(b"\0" + raw).digest()
            head = sha256(b"\2" + head + position.to_bytes(8, "big") + leaf).digest()
    proof = index.present("p1")
    assert proof is not None
    assert json.loads(proof.leaf) == {
        "events": len(events),
        "head": head.hex(),
        "last": events[-1][0],
        "subject": "p1",
    }


@given(told=any_history())
def test_every_subject_is_proven_whole_and_any_other_absent(told: History) -> None:
    if not told.records:
        with pytest.raises(NotFound):
            index_of(told)
        return
    index, sealed = index_of(told)
    events = by_subject(told)
    assert len(index) == len(events)
    for subject, mine in events.items():
        proof = index.present(subject)
        assert proof is not None
        check_present(subject, mine, proof, sealed)
        with pytest.raises(Refused):
            check_absent(subject, *index.neighbors(subject), sealed)
    for other in ("", "a", "nobody", "~", *(s + "x" for s in events)):
        if other not in events:
            assert index.present(other) is None
            check_absent(other, *index.neighbors(other), sealed)


@given(which=st.integers(0, 100), at=st.integers(0, 100), data=st.data())
def test_whatever_is_left_out_added_or_exchanged_shows(which: int, at: int, data: Any) -> None:
    told = told_city()
    index, sealed = index_of(told)
    events = by_subject(told)
    subject = sorted(events)[which % len(events)]
    mine, proof = list(events[subject]), index.present(subject)
    assert proof is not None
    place = at % len(mine)
    match data.draw(st.sampled_from(["out", "in", "swap", "else", "moved"])):
        case "out":
            del mine[place]
        case "in":
            mine.insert(place, mine[place])
        case "swap" if len(mine) > 1:
            mine[place], mine[place - 1] = mine[place - 1], mine[place]
        case "moved":
            mine[place] = (mine[place][0] + 1, mine[place][1])
        case _:
            mine[place] = (mine[place][0], bytes(32))
    with pytest.raises(Refused) as refused:
        check_present(subject, mine, proof, sealed)
    assert refused.value.code == "incomplete"


def test_another_root_leaf_or_place_is_no_proof() -> None:
    told = told_city()
    index, sealed = index_of(told)
    mine, proof = by_subject(told)["p2"], index.present("p2")
    assert proof is not None
    for wrong in (
        replace(proof, index=proof.index + 1),
        replace(proof, proof=proof.proof[:-1]),
        replace(proof, leaf=proof.leaf.replace(b"p2", b"p3")),
    ):
        with pytest.raises(ProofRefused):
            check_present("p2", mine, wrong, sealed)
    with pytest.raises(ProofRefused):
        check_present("p2", mine, proof, replace(sealed, root=bytes(32)))


def test_neighbors_that_do_not_touch_prove_nothing() -> None:
    index, sealed = index_of(told_city())
    first, last = index.present("p1"), index.present("p3")
    assert first is not None
    assert last is not None
    for before, after in ((first, last), (None, last), (first, None), (None, None), (last, first)):
        with pytest.raises(Refused) as refused:
            check_absent("p2", before, after, sealed)
        assert refused.value.code == "not-absent"


def test_an_index_that_was_kept_goes_on_as_if_it_had_never_stopped(tmp_path: Path) -> None:
    told = told_city()
    half = len(told.records) // 2
    chains = Chains()
    chains.take(told.records[:half])
    file = tmp_path / "indexes" / "x.ndjson"
    root = chains.index().root
    chains.index().write(file)
    kept = SubjectIndex.read(file, root)
    assert kept is not None
    again = Chains.from_index(kept, half)
    for each in (chains, again):
        each.take(told.records[half:])
    assert again.index().root == chains.index().root == index_of(told)[0].root


def test_an_index_that_was_changed_is_not_taken(tmp_path: Path) -> None:
    index, _ = index_of(told_city())
    file = tmp_path / "indexes" / "x.ndjson"
    index.write(file)
    good = file.read_bytes()
    for bad in (good.replace(b'"events":2', b'"events":3'), good[:-9], b"", b"[]\n", b"\xff"):
        file.write_bytes(bad)
        assert SubjectIndex.read(file, index.root) is None
    file.unlink()
    assert SubjectIndex.read(file, index.root) is None


def test_a_gap_is_not_passed_over() -> None:
    chains = Chains()
    with pytest.raises(FeedGap):
        chains.take(told_city().records[1:])
