"""`python -m rollbook.cli`."""

from rollbook.cli.main import run

if __name__ == "__main__":
    run()
