"""Plan: a sample of answers in, what each way to store all of them would cost out."""
