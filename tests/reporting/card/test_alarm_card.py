from stillroom.reporting.card.alarm_card import alarm_card


def test_the_alarms_stand_first_and_nothing_else_is_claimed() -> None:
    card = alarm_card(["Alarm: one.", "Alarm: two."])
    assert card.startswith("    Alarm: one.\n\n    Alarm: two.\n\n# No student was exported\n")
    assert "Distillation" not in card
    assert "---" not in card  # no front matter: the Hub must not list it as a model


def test_markup_in_an_alarm_is_text() -> None:
    first, *_ = alarm_card(["Alarm: <b>\x1b[1m\n# loud"]).splitlines()
    assert first.startswith("    Alarm: <b>")
    assert first.isprintable()
    assert "# loud" in first
