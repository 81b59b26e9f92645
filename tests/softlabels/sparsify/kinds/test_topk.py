"""Top-k: what a smaller one can be computed from."""

from stillroom.softlabels.sparsify.kinds.full import Full
from stillroom.softlabels.sparsify.kinds.sample import Sample
from stillroom.softlabels.sparsify.kinds.topk import TopK

RICH = TopK(k=4, temperatures=(1.0, 2.0, 4.0))


def test_it_is_part_of_the_logits_and_of_a_larger_top_k() -> None:
    assert TopK(k=4, temperatures=(1.0, 7.0)).is_part_of(Full())
    assert TopK(k=3, temperatures=(1.0, 2.0, 4.0)).is_part_of(RICH)
    assert not TopK(k=5, temperatures=(1.0,)).is_part_of(RICH)
    assert not TopK(k=2, temperatures=(3.0,)).is_part_of(RICH)
    assert not TopK(k=2, temperatures=(1.0,)).is_part_of(Sample(samples=9, temperature=1.0))


def test_the_larger_one_is_richer_and_the_logits_are_the_richest() -> None:
    kinds = [TopK(k=2, temperatures=(1.0,)), Full(), RICH]
    assert sorted(kinds, key=lambda kind: -kind.richness) == [Full(), RICH, kinds[0]]


def test_its_document_has_its_values_in_the_order_of_a_manifest() -> None:
    assert RICH.values() == {"k": 4, "temperatures": (1.0, 2.0, 4.0)}
