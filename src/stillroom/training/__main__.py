"""The worker's command: python -m stillroom.training job.json.

The imports stand below: a loading process is spawned with this module, and needs none of them.
"""

if __name__ == "__main__":
    import gc
    import sys
    from pathlib import Path

    # What imports make is there to stay; looking through it takes a tenth of their seconds.
    gc.disable()
    from stillroom.training.process import worker

    gc.freeze()
    gc.enable()
    sys.exit(worker.main(Path(sys.argv[1])))
