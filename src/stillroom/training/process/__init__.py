"""The worker process: a job in, trained models out."""
