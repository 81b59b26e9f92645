"""Sections: one module for each section of the page, with its `SECTION`.

Kedro imports all of them when it starts, to learn their inputs, so a module here imports little at
the top: what it computes with is imported by `build`, or stands in the module `…_view` beside it.
A section depends on no other section. It makes no HTML except the SVG of its figures.
"""
