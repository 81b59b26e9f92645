"""Files: atomic writes, confined paths, hashes, progress, and the Kedro datasets over them."""
