"""Licences: whether a teacher's answers may train another model, and on what conditions.

    model card ──card──> identifier ──table──> Terms ──gate──> Licence, or a refusal in one line
    teacher.licence ───────┘

The table is in `open_source`, `creative_commons`, `models` and `services`: what we read in those
documents, with section and date. It is no legal advice, and documents change: the licence itself
holds. To add one of your own, write an entry into the module where it belongs, with the section
that you read; its key is what `teacher.licence`, or `license` in a model card, says.
"""
