"""Export: the student in, a directory that is ready to ship out."""
