"""The commands of ``python -m dataset_builder``, one module each: options, messages, output."""

import sys

from rich.console import Console

# without styles, which are escape sequences: the streams escape them all (kg/terminal.py)
OUT = Console(highlight=False, soft_wrap=True, color_system=None, width=None if sys.stdout.isatty() else 120)
