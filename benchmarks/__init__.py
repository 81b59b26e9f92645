"""The figures of the README, measured: start-up, reproducibility, and what distillation gains."""
