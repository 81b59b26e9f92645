"""Alarm card: alarms in, the README.md of an empty package out, which says why it is empty."""

from collections.abc import Sequence

from stillroom.io.printable import printable


def alarm_card(alarms: Sequence[str]) -> str:
    """Return the card as Markdown.

    Args:
        alarms: as sentences; at least one.
    """
    # As a code block, since a class may be called **anything**.
    lines = [f"    {printable(alarm)}" for alarm in alarms]
    return "\n".join(
        [
            *("\n".join((line, "")) for line in lines),
            "# No student was exported",
            "",
            "This folder holds no model: the run that wrote it raised the alarms above. See the",
            "report of the run for its measurements.",
            "",
        ]
    )
