"""Hard labels: the number that means "no label"."""

NO_LABEL = -1
