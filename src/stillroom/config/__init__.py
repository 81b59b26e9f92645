"""Configuration: Hydra composes it, the schema types it, Kedro and DVC read it."""
