"""GSM8K as conversations: its problems in, files with a part of them for each split out.

    train.jsonl ──chosen by hash, <<…>> removed──> train.jsonl, validation.jsonl, test.jsonl

Source: Cobbe et al., "Training Verifiers to Solve Math Word Problems", arXiv 2110.14168.
"""

import json
import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from benchmarks.softlabels.gemma import MissingError

FILE = Path("gsm8k") / "train.jsonl"
# What a calculator is asked for in the middle of an answer, such as <<48/2=24>>.
CALCULATOR = re.compile(r"<<.*?>>")


def problems_file(data: Path) -> Path:
    """Return the file with all problems.

    Raises:
        MissingError: it is not below `data`.
    """
    path = data / FILE
    if not path.is_file():
        raise MissingError(f"{path} does not exist. Run `make bench-chat DATA=<its folder>`.")
    return path


def write_problems(source: Path, target: Path, sizes: dict[str, int]) -> None:
    """Write a file of conversations for each split.

    Args:
        source: the file with all problems.
        target: the folder of the new files.
        sizes: split -> how many problems it gets.
    """
    problems = sorted(source.read_text(encoding="utf-8").splitlines(), key=_hash)
    rest: Iterator[str] = iter(problems)
    target.mkdir(parents=True, exist_ok=True)
    for split, size in sizes.items():
        lines = [_conversation(next(rest)) for _ in range(size)]
        (target / f"{split}.jsonl").write_text("".join(lines), encoding="utf-8")


def _hash(line: str) -> bytes:
    return sha256(json.loads(line)["question"].encode()).digest()


def _conversation(line: str) -> str:
    problem = json.loads(line)
    answer = CALCULATOR.sub("", problem["answer"])
    messages = [
        {"role": "user", "content": problem["question"]},
        {"role": "assistant", "content": answer},
    ]
    return json.dumps({"messages": messages}, ensure_ascii=False) + "\n"
