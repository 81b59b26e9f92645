"""Capture: run teachers over inputs and keep their answers in the store."""
