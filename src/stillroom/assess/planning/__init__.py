"""Planning: a sample of the teachers' answers in, the plan of the soft labels out."""
