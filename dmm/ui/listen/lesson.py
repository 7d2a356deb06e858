"""The name of this page in links and tasks."""

LESSON = "listen"
