"""When a run is over before its last epoch: its own conditions, looked at after each validation."""

import math

from dmm.config import Config


def why_over(config: Config, *, step: int, best: float, best_step: int, seconds: float, updates_per_epoch: int) -> str:
    """The condition that a run has met, as a sentence; nothing while it should go on.

    Args:
        config: its `target`, `patience` and `time_limit`; each is off at 0.
        step, best, best_step, seconds: of its state.
        updates_per_epoch: of its pieces.
    """
    if config.target and best <= config.target:
        return f"Done: the validation bound reached its target, {config.target:g} nats per frame."
    since = (step - best_step) // updates_per_epoch
    if config.patience and math.isfinite(best) and since >= config.patience:
        epochs = f"{since} epoch" + ("s" if since > 1 else "")
        return f"Done: the validation bound has not improved for {epochs}."
    if config.time_limit and seconds >= config.time_limit:
        return f"Done: its time limit of {config.time_limit:g} seconds is up."
    return ""
