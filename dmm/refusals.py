"""Why some settings cannot go together, and where the settings of other codes are found here."""


def impossible(config):
    """Settings that exclude each other: pairs of whether this configuration has them, and why they cannot be."""
    return (
        (
            config.num_iafs and config.kl == "analytic",
            "IAF steps (num_iafs) make the posterior something else than a Gaussian, whose KL has no closed form: "
            "choose kl sampled, or no IAF steps.",
        ),
        (
            config.free_bits and config.kl == "sampled",
            "Free bits (free_bits) are a floor under the KL, and one draw's estimate of it may lie below 0: choose kl "
            "analytic, or no free bits.",
        ),
        (
            config.free_bits and config.engine == "pyro",
            "Pyro's ELBO knows no free bits (free_bits): choose another engine, or no free bits.",
        ),
        (
            config.missing and config.edges == "augmented",
            "With augmented edges the next frame depends on a missing one (missing), which then cannot be summed out: "
            "choose markov edges, or no missing frames.",
        ),
    )


ELSEWHERE = {  # what Pyro's example and the paper's code call things, and where they are here
    "z_prev": 'A network that sees the last latent is a structured one: inference "st-l", "st-r" or "st-lr". A '
    'mean-field network ("mf-…") never does; that is what its name means.',
    "mean_field": 'Choose inference "mf-l", "mf-r" or "mf-lr".',
    "use_cuda": 'Choose device "cuda".',
    "cuda": 'Choose device "cuda".',
    "num_epochs": "Here it is epochs.",
    "mini_batch_size": "Here it is batch_size.",
    "rnn_dropout_rate": "Here it is rnn_dropout.",
    "annealing_epochs": "Here it is annealing_updates, counted in updates.",
    "minimum_annealing_factor": "Here it is min_kl_weight.",
    "input_dim": "Here it is x_dim.",
    "lr": "Here it is learning_rate.",
    "lrd": "Here it is lr_decay.",
    "wd": "Here it is weight_decay.",
}
