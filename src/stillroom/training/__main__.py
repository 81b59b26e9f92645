"""The worker's command: python -m stillroom.training job.json.

The imports stand below: a loading process is spawned with this module, and needs none of them.
"""

if __name__ == "__main__":
    import sys
    from pathlib import Path

    from stillroom.training import worker

    sys.exit(worker.main(Path(sys.argv[1])))
