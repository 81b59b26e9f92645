"""Named numbers and groups of them: the shape of `metrics.json` and `cost.json`.

{"student": {"accuracy": 0.97, "nll": 0.1}, "gain": {"accuracy": 0.01, "nll": 0.02}}
"""

NamedNumbers = dict[str, int | float]
GroupedNumbers = dict[str, NamedNumbers]
