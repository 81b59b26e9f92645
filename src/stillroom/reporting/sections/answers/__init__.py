"""The sections on single answers: where student and teacher agree, and where they do not."""
