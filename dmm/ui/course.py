"""The course: its pages in order, the question that each asks, and the tasks at its end."""

from typing import NamedTuple


class Lesson(NamedTuple):
    """A page of the app; its address is the name of its file.

    `tasks` are the names of the tasks at its end, in their order: links count them from 1, so new ones go last.
    """

    file: str
    title: str
    icon: str
    asks: str
    tasks: tuple[str, ...] = ()


LESSONS = (
    Lesson("home", "Home", ":material/home:", "What does a deep Markov model hear in Bach?", ("better", "coin")),
    Lesson(
        "state_space",
        "State-space models",
        ":material/timeline:",
        "What is hidden, what is seen, and how much of the hidden can be known?",
        ("louder", "far", "again"),
    ),
    Lesson(
        "deep_markov_model",
        "The deep Markov model",
        ":material/hub:",
        "What changes when matrices become networks?",
        ("density", "weights", "silent"),
    ),
    Lesson(
        "gate",
        "The gate",
        ":material/valve:",
        "When does the state move in a straight line?",
        ("shut", "mean", "fixed"),
    ),
    Lesson(
        "bound",
        "The bound",
        ":material/vertical_align_bottom:",
        "How can we learn what we cannot integrate?",
        ("tight", "peaks", "noise"),
    ),
    Lesson(
        "bound_in_time",
        "The bound in time",
        ":material/stacked_bar_chart:",
        "How does the bound split over a sequence?",
        ("blocked", "equal", "dearest"),
    ),
    Lesson(
        "structured_inference",
        "Structured inference",
        ":material/schema:",
        "Why does the RNN run backwards?",
        ("stuck", "tight", "side"),
    ),
    Lesson(
        "one_update",
        "One update",
        ":material/footprint:",
        "What happens in one step of learning?",
        ("shape", "loss", "largest"),
    ),
    Lesson(
        "recovery",
        "Parameter recovery",
        ":material/my_location:",
        "Does a better guess of the hidden states learn truer laws?",
        ("within", "more", "enough"),
    ),
    Lesson("train", "Train", ":material/play_circle:", "Can you train one?", ("markov", "parts")),
    Lesson("latents", "Latents", ":material/scatter_plot:", "What did it learn?", ("dearest", "shut", "awake")),
    Lesson("listen", "Listen", ":material/headphones:", "Is it music?", ("same", "inaudible", "blind")),
    Lesson("compare", "Compare", ":material/compare_arrows:", "Which choice mattered?", ("fair", "cost")),
    Lesson(
        "numbers",
        "Numbers",
        ":material/straighten:",
        "Which number is *the* number?",
        ("apart", "bits", "fair"),
    ),
    Lesson("in_code", "In code", ":material/code:", "How is it written?", ("harmless", "mask", "frozen")),
    Lesson("glossary", "Symbols and questions", ":material/dictionary:", "What was that letter again?"),
)


def lesson_of(file: str) -> Lesson:
    """The lesson in a file of `pages/`.

    Raises:
        KeyError: there is none.
    """
    try:
        return next(one for one in LESSONS if one.file == file)
    except StopIteration:
        raise KeyError(f"there is no lesson {file!r}") from None
