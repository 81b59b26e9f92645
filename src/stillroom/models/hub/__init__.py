"""The Hub: a name and a revision in, a folder with the files of a model out.

Only the command `kedro models fetch` uses what opens a connection. `fetch_record` reads a folder.
"""
