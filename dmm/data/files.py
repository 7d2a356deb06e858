"""A user's file, read as bytes: not more of it than is allowed, and one clear sentence where that fails."""

from pathlib import Path

from dmm.data.piece import DataError, printable

MEGABYTE = 10**6


def read_bytes(path: Path, max_bytes: int) -> bytes:
    """All bytes of a file.

    Raises:
        DataError: there is no such file, it cannot be read, or it is larger than `max_bytes`.
    """
    shown = printable(str(path), 120)
    try:
        size = path.stat().st_size
        if not path.is_file():
            raise DataError(f"{shown} is a folder or a device; give a file.")
        check_size(size, max_bytes, shown)
        return path.read_bytes()
    except FileNotFoundError:
        raise DataError(f"There is no file {shown}.") from None
    except DataError:
        raise
    except (OSError, ValueError) as error:  # ValueError: a NUL or a lone surrogate in the name
        reason = getattr(error, "strerror", None) or "its name holds a character that no file name can"
        raise DataError(f"{shown} cannot be read: {reason}.") from None


def check_size(size: int, max_bytes: int, shown: str = "The file") -> None:
    """Refuse a file of so many bytes; DataError."""
    if size > max_bytes:
        raise DataError(f"{shown} has {size} bytes, larger than {max_bytes / MEGABYTE:g} MB.")
