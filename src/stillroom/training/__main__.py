"""The worker's command: python -m stillroom.training job.json.

The imports stand below, because each loading process imports this module and needs none of them.
"""

if __name__ == "__main__":
    import gc
    import sys
    from pathlib import Path

    # What imports create is never freed; garbage collection would add a tenth to their time.
    gc.disable()
    from stillroom.training.process import worker

    gc.freeze()
    gc.enable()
    sys.exit(worker.main(Path(sys.argv[1])))
