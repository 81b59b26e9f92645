"""The verdict on the student, in careful sentences: the top of the page and of the model card."""
