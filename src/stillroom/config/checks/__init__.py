"""Checks of the composed parameters, one module for each concern."""
