"""How a command says that it was used wrongly: with its usage, and by exit code 2."""

import typer


class Misuse(typer.BadParameter):
    """Options that don't go together, or are too few; the message says which to give."""

    def format_message(self) -> str:
        return self.message
