"""The names of parts of a GGUF file, as llama.cpp writes them."""

from pathlib import Path

from stillroom.io.files.gguf_parts import first_part, part_paths, single_model


def names(paths: list[Path]) -> list[str]:
    return [path.name for path in paths]


def test_parts_by_name() -> None:
    part = Path("/a/m-Q4_K-00002-of-00003.gguf")
    assert first_part(part) == Path("/a/m-Q4_K-00001-of-00003.gguf")
    assert names(part_paths(part)) == [f"m-Q4_K-0000{n}-of-00003.gguf" for n in (1, 2, 3)]


def test_other_names_are_whole_files() -> None:
    for name in ("m.gguf", "m-1-of-2.gguf", "m-00001-of-00002.bin", "-00001-of-00002.gguf"):
        assert first_part(Path(name)) == Path(name)
        assert part_paths(Path(name)) == [Path(name)]


def test_a_single_model_is_all_parts_of_one_name() -> None:
    parts = [Path(f"m-0000{n}-of-00002.gguf") for n in (1, 2)]
    assert single_model(parts) == parts[0]
    assert single_model([*parts, Path("n.gguf")]) is None
    assert single_model([]) is None
