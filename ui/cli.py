"""`duomo`: the command line. Nothing heavy is imported before a command runs."""

from ui.commands import app


def main() -> None:
    app()


if __name__ == "__main__":
    main()
