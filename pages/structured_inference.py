"""Structured inference."""

from dmm.ui import frame

frame.lesson("structured_inference")
frame.onward("structured_inference")
