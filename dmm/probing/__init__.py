"""What can be read off a latent state: linear probes, their scores beside baselines, and nudges along what they found.

`targets` says what is asked of a piece, `ridge` fits a probe, `scores` judges it on whole pieces that it was not
fitted to, `study` does so for all inputs, `latents` infers the states, `nudging` moves them, `memory` and `statistics`
look at what the model plays by itself. Numpy; torch is loaded inside the functions that run a model.
"""
