"""Files: atomic writes, confined paths, hashes, locks, workspaces, copies."""
