"""The read side: views folded from the log, reports over them, and explanations of both."""
