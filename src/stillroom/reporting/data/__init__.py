"""What ingest did: its report in; a summary, and the table on the terminal, out."""
