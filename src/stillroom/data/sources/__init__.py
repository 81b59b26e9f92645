"""Sources: where examples and running text come from, one kind for each `data.source`.

A source checks the form of each row. Cleaning and splits check the rows against each other.
"""
