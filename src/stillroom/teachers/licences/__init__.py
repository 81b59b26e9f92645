"""Licences: whether a teacher's answers may train another model, and on what conditions.

    model card ──> identifier ──licence_index──> Terms ──check_licence──> Licence, or an error
    teacher.licence ───────┘

The entries are in `open_source`, `creative_commons`, `model_licences` and `service_terms`. They say
what we read in those documents, with section and date. They are not legal advice, and documents
change: only the licence itself counts. To add an entry, write it into the module of its kind, with
the section that you read. Its key is the value of `teacher.licence`, or of `license` in a model
card.
"""
