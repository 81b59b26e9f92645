"""Changed bytes are an error that names the file, or the rows are captured again; none is used."""

import json
import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from support.softlabels.linear_teachers import (
    NAMES,
    Captured,
    capture,
    capture_inputs,
    fill,
    linear,
    write_set,
)

from stillroom.errors import SoftLabelError
from stillroom.softlabels.format.manifest import (
    MANIFEST,
    SHARDS,
    MemberShards,
    Shard,
    manifest_of,
    write_manifest,
)
from stillroom.softlabels.format.shard import CODEC, to_bytes
from stillroom.softlabels.reading.label_set import SoftLabelSet
from stillroom.softlabels.sparsify.kinds.full import Full
from stillroom.softlabels.sparsify.kinds.threshold import Threshold
from stillroom.softlabels.sparsify.kinds.topk import TopK
from stillroom.softlabels.sparsify.sparsifier import Sparsifier
from stillroom.softlabels.store.store import Store

KINDS: tuple[Sparsifier, ...] = (
    Full(),
    TopK(k=4, temperatures=(1.0, 2.0)),
    Threshold(entries=2.0, tau=0.1, temperature=1.0),
)
Content = tuple[object, list[bytes]]
Damage = Callable[[bytes, random.Random], bytes]


def content(made: Captured, folder: Path) -> Content:
    """Return all content of a set: its manifest, and every distribution to the bit."""
    labels = SoftLabelSet(folder)
    labels.require_intact()
    distributions = labels.distributions(made.capture_inputs.names, 1.0)
    arrays = [distributions.owners, distributions.ids, distributions.weights]
    return labels.manifest, [np.ascontiguousarray(array).tobytes() for array in arrays]


def flipped(content: bytes, draws: random.Random) -> bytes:
    """Return the bytes with one flipped bit."""
    at = draws.randrange(len(content) * 8)
    changed = bytearray(content)
    changed[at // 8] ^= 1 << at % 8
    return bytes(changed)


def zeroed(content: bytes, draws: random.Random) -> bytes:
    """Return the bytes with a block of zeros, as after a filesystem lost the block."""
    size = draws.choice([16, 64, 512])
    at = draws.randrange(max(len(content) - size, 1))
    return content[:at] + bytes(min(size, len(content) - at)) + content[at + size :]


def damaged(
    files: list[Path], count: int, damage: Damage, draws: random.Random
) -> Iterator[tuple[Path, bytes]]:
    """Yield each damaged file with its damaged bytes, and repair it afterwards."""
    for number in range(count):
        file = files[number % len(files)]
        whole = file.read_bytes()
        harmed = damage(whole, draws)
        file.write_bytes(harmed)
        yield file, harmed
        file.write_bytes(whole)


@pytest.mark.parametrize(
    ("flips", "blocks"), [(150, 30), pytest.param(5000, 500, marks=pytest.mark.faults)]
)
def test_no_flipped_bit_and_no_zeroed_block_of_a_set_is_silent(
    flips: int, blocks: int, tmp_path: Path, add_to_summary: Callable[[str], None]
) -> None:
    draws, outcomes = random.Random(0), Counter[str]()
    for number, kind in enumerate(KINDS):
        members = 1 if isinstance(kind, TopK) else 2
        made = capture(tmp_path / str(number), members, kind)
        expected = content(made, made.folder)
        shards = sorted((made.folder / SHARDS).iterdir())
        files = [file for shard in shards for file in (shard, made.folder / MANIFEST)]
        for damage, count in ((flipped, flips), (zeroed, blocks)):
            share = count // len(KINDS) + (number < count % len(KINDS))
            for file, harmed in damaged(files, share, damage, draws):
                what = f"{damage.__name__} {'manifest' if file.name == MANIFEST else 'shard'}"
                try:
                    served = content(made, made.folder)
                except SoftLabelError as error:
                    assert file.name in str(error)
                    outcomes[f"{what} refused"] += 1
                else:
                    assert served == expected, f"{file} was served: {harmed!r}"
                    outcomes[f"{what} of equal content"] += 1
    assert sum(outcomes.values()) == flips + blocks
    counts = ", ".join(f"{count} {name}" for name, count in sorted(outcomes.items()))
    add_to_summary(f"{flips} flipped bits and {blocks} zeroed blocks of sets: {counts}; 0 silent")


@pytest.mark.parametrize(
    ("flips", "blocks"), [(24, 8), pytest.param(500, 100, marks=pytest.mark.faults)]
)
def test_only_damaged_rows_of_the_store_are_captured_again(
    flips: int, blocks: int, tmp_path: Path, add_to_summary: Callable[[str], None]
) -> None:
    draws, inputs, outcomes = random.Random(1), capture_inputs(40), Counter[str]()
    kind = KINDS[1]
    first, store = linear(1, kind), Store(tmp_path / "store")
    shards = fill(first, store, inputs)
    kept = store.of(first.capture, CODEC)
    whole = {path: path.read_bytes() for path in kept.folder.rglob("*") if path.is_file()}
    names = [kept.path(shard) for shard in shards]
    files = [file for name in names for file in (name, kept.folder / MANIFEST)]
    rows_again = 0
    for damage, count in ((flipped, flips), (zeroed, blocks)):
        for file, harmed in damaged(files, count, damage, draws):
            again = linear(1, kind)
            assert fill(again, store, inputs) == shards
            assert {path: path.read_bytes() for path in names} == {p: whole[p] for p in names}
            assert set(kept.shards().values()) == set(shards)
            rows_again += len(again.seen)
            if file.name != MANIFEST:
                lost = next(shard for shard in shards if kept.path(shard) == file)
                assert len(again.seen) == (0 if harmed == whole[file] else lost.rows)
                outcomes["shards"] += 1
            else:
                amount = "all" if len(again.seen) == 40 else "fewer"
                outcomes[f"manifests, {amount} rows again"] += 1
                for path, before in whole.items():
                    path.write_bytes(before)
    counts = ", ".join(f"{count} {name}" for name, count in sorted(outcomes.items()))
    add_to_summary(
        f"{flips + blocks} damages of a store: {counts}; {rows_again} rows captured, 0 served"
    )


@pytest.mark.parametrize("every", [29, pytest.param(1, marks=pytest.mark.faults)])
def test_a_truncated_shard_is_an_error_at_any_length(
    every: int, tmp_path: Path, add_to_summary: Callable[[str], None]
) -> None:
    made = capture(tmp_path / "set", 1)
    shard = made.folder / SHARDS / made.labels.manifest.members[0].shards[0].name
    whole = shard.read_bytes()
    refused = 0
    for length in range(0, len(whole), every):
        shard.write_bytes(whole[:length])
        with pytest.raises(SoftLabelError, match=shard.name):
            SoftLabelSet(made.folder).require_intact()
        refused += 1
    add_to_summary(f"a shard of {len(whole)} bytes cut short {refused} times: {refused} refused")


def test_swapped_missing_duplicated_and_foreign_shards_are_named(
    tmp_path: Path, add_to_summary: Callable[[str], None]
) -> None:
    made = capture(tmp_path / "set", 2)
    mine, anothers = made.labels.manifest.members
    first, second = (made.folder / SHARDS / shard.name for shard in mine.shards[:2])
    other = made.folder / SHARDS / anothers.shards[0].name
    whole = first.read_bytes(), second.read_bytes()

    def swap() -> None:
        first.write_bytes(whole[1])
        second.write_bytes(whole[0])

    cases: dict[str, Callable[[], object]] = {
        "swapped": swap,
        "missing": first.unlink,
        "duplicated": lambda: first.write_bytes(whole[1]),
        "foreign": lambda: first.write_bytes(other.read_bytes()),
        "empty": lambda: first.write_bytes(b""),
        "a folder": lambda: (first.unlink(), first.mkdir()),
    }
    for change in cases.values():
        change()
        with pytest.raises(SoftLabelError, match=first.name):
            SoftLabelSet(made.folder).require_intact()
        if first.is_dir():
            first.rmdir()
        first.write_bytes(whole[0])
        second.write_bytes(whole[1])
    SoftLabelSet(made.folder).require_intact()
    add_to_summary(f"{', '.join(cases)} shards: all named")


def of_shards(made: Captured, folder: Path, shards: tuple[Shard, ...]) -> Path:
    """Commit a set of one member with these shards, regardless of their origin."""
    (member,) = made.labels.manifest.members
    part = MemberShards(capture=member.capture, bias=member.bias, shards=shards)
    manifest = made.labels.manifest
    write_manifest(folder, manifest_of((part,), manifest.combination, CODEC, 4, NAMES))
    return folder


def test_a_manifest_with_a_repeated_or_foreign_shard_is_an_error_that_names_it(
    tmp_path: Path, add_to_summary: Callable[[str], None]
) -> None:
    store, inputs = Store(tmp_path / "store"), capture_inputs()
    made = capture(tmp_path / "set", 1)
    shards = made.labels.manifest.members[0].shards
    twice = of_shards(made, tmp_path / "set", (*shards, shards[0]))
    with pytest.raises(SoftLabelError, match=r"a shard is listed twice: \w{32}\.parquet"):
        SoftLabelSet(twice)
    other = write_set(tmp_path / "other", [linear(2, Full())], inputs, store)
    (foreign, *_) = other.manifest.members[0].shards
    shutil.copy(tmp_path / "other" / SHARDS / foreign.name, tmp_path / "set" / SHARDS)
    mixed = of_shards(made, tmp_path / "set", (foreign, *shards[1:]))
    with pytest.raises(SoftLabelError, match=f"{foreign.name} holds answers of another teacher"):
        SoftLabelSet(mixed).require_intact()
    # The same rows a second time, under another name.
    table = made.labels.shard_table(0, shards[0])
    renamed = to_bytes(table.slice(0, 3), made.labels.layout(0))
    again = Shard.of(renamed, 3)
    (tmp_path / "set" / SHARDS / again.name).write_bytes(renamed)
    doubled = SoftLabelSet(of_shards(made, tmp_path / "set", (*shards, again)))
    with pytest.raises(SoftLabelError, match=r"holds a row twice: example 0{32},"):
        doubled.distributions(made.capture_inputs.names, 1.0)
    add_to_summary(
        "a shard listed twice, another teacher's, the same rows under another name: all named"
    )


def test_a_store_with_another_tau_in_its_manifest_is_not_used(tmp_path: Path) -> None:
    kind = KINDS[2]
    store, inputs = Store(tmp_path / "store"), capture_inputs()
    member = linear(1, kind)
    fill(member, store, inputs)
    path = store.of(member.capture, CODEC).folder / MANIFEST
    document = json.loads(path.read_text())
    document["capture"]["sparsifier"]["tau"] = 0.3
    path.write_text(json.dumps(document))
    assert list(store.captures()) == []
