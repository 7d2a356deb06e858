"""Deep Markov Lab: train a deep Markov model, look inside it, hear it. Read `model.py` first."""
