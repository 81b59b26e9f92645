"""Sections: a document that a stage wrote in, what one section of the page shows out.

A section knows no other, and nothing of HTML but the SVG of its figures; its template lies under
the same name in `templates/sections/`.
"""
