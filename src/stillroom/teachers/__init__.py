"""Teachers: the models whose answers are captured, and their licences."""
