"""A package of the tests' own: one more kind of each thing that Stillroom has a registry for."""
