"""Hard labels: the number that means "no label"."""

NO_LABEL = -1
# The value of transformers for the same, and for positions that are not learnt.
IGNORED = -100
