"""The seven stages, as Kedro pipelines: wiring only."""
