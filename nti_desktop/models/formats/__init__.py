"""What a model’s files hold, checked without loading weights."""
