"""Prompt overlap: which test prompts share 13 words in a row with a training prompt."""

from stillroom.data.chat.conversation import Conversation, Turn
from stillroom.data.chat.prompt_overlap import PromptOverlap

WORDS = [f"word{number}" for number in range(40)]


def asked(*prompts: str, answer: str = "Yes.") -> Conversation:
    turns = [
        turn
        for prompt in prompts
        for turn in (Turn(role="user", content=prompt), Turn(role="assistant", content=answer))
    ]
    return Conversation(turns=tuple(turns), part="a.jsonl", row=0)


def said(first: int, last: int) -> str:
    return " ".join(WORDS[first:last])


def counts(test: list[Conversation], train: list[Conversation]) -> tuple[int, int, int, int]:
    overlap = PromptOverlap.of(test)
    for one in train:
        overlap.see(one)
    document = overlap.to_json()
    assert document["prompts"] == len(test)
    long, short = document["long"], document["short"]
    return long["overlapping"], long["compared"], short["equal"], short["compared"]


def test_thirteen_words_in_a_row_are_an_overlap_and_twelve_are_not() -> None:
    test = [asked(said(0, 20)), asked(said(20, 40))]
    assert counts(test, [asked(f"Please: {said(3, 16)} now")]) == (1, 2, 0, 0)
    assert counts(test, [asked(f"Please: {said(3, 15)} now")]) == (0, 2, 0, 0)


def test_a_short_prompt_overlaps_if_it_is_equal() -> None:
    test = [asked("What is 3 plus 4?"), asked("What is 3 plus 5?")]
    train = [asked("what is 3, plus 4"), asked(f"What is 3 plus 5? {said(0, 20)}")]
    assert counts(test, train) == (0, 0, 1, 2)


def test_all_turns_of_the_user_count_and_no_others() -> None:
    test = [asked(said(0, 7), said(7, 14), answer=said(14, 40))]
    assert counts(test, [asked(said(1, 14))]) == (1, 1, 0, 0)
    assert counts(test, [asked(said(14, 40), answer=said(0, 14))]) == (0, 1, 0, 0)


def test_a_prompt_without_a_word_is_not_compared() -> None:
    overlap = PromptOverlap.of([asked("?!")])
    overlap.see(asked("?!"))
    assert overlap.to_json()["prompts"] == 0


def test_of_too_many_prompts_a_part_is_compared_regardless_of_their_order() -> None:
    test = [asked(f"{number} {said(0, 30)}") for number in range(200)]  # 19 runs of words each
    documents = []
    for order in (test, test[::-1]):
        overlap = PromptOverlap.of(order, most=1900)
        overlap.see(asked(said(5, 20)))
        documents.append(overlap.to_json())
    assert documents[0] == documents[1]
    compared = documents[0]["long"]["compared"]
    assert 20 < compared <= 100
    assert documents[0]["long"]["overlapping"] == compared
    assert documents[0]["prompts"] == 200


def test_one_prompt_is_compared_even_if_it_is_too_long() -> None:
    document = PromptOverlap.of([asked(said(0, 40))], most=3).to_json()
    assert document["long"]["compared"] == 1
