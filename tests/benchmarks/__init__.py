"""What the program is measured against, and the command that measures it."""
