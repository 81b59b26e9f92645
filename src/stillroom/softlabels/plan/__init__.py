"""Plan: from a sample of answers, estimates what each way to store all of them would cost."""
