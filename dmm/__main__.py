"""`python -m dmm`: see `cli.py`."""

from dmm.cli import main

if __name__ == "__main__":
    main()
