"""Who is told what, by which road and when."""
