"""Digests of code: a stage's modules, templates and plug-ins, without their prose."""
