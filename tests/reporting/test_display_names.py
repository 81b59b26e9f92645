from hypothesis import given
from hypothesis import strategies as st

from stillroom.io.printable import printable
from stillroom.reporting.display_names import LONGEST, short, title


@given(st.text())
def test_a_short_name_is_short_and_printable(name: str) -> None:
    assert len(short(name)) <= LONGEST
    assert printable(short(name)) == short(name)


def test_a_name_that_fits_is_kept() -> None:
    assert short("a" * LONGEST) == "a" * LONGEST
    assert short("a" * (LONGEST + 1), LONGEST + 1) == "a" * (LONGEST + 1)


def test_long_names_that_begin_alike_stay_apart() -> None:
    assert short("card_payment_fee_charged") == "card_paymen…harged"
    assert short("card_payment_wrong_exchange_rate") == "card_paymen…e_rate"


def test_models_have_titles_and_others_keep_their_names() -> None:
    assert title("control") == "Student alone"
    assert title("teacher-0") == "teacher-0"
