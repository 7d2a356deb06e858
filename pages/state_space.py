"""State-space models."""

from dmm.ui import frame

frame.lesson("state_space")
frame.onward("state_space")
