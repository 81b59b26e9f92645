"""Content: what follows from the kind of labels that are stored."""

from stillroom.softlabels.sparsify.content import Content


def test_the_tail_s_mass_is_known_unless_entries_were_drawn() -> None:
    assert [one.has_head for one in Content] == [True, True, False]


def test_the_mean_of_heads_is_inexact_and_that_of_the_logits_of_estimates_is_biased() -> None:
    assert Content.WHOLE.means == ("probability", "logit")
    assert Content.HEAD.means == ()
    assert Content.ESTIMATE.means == ("probability",)
