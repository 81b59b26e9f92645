"""Reading of a published set: its distributions, by the names of rows."""
