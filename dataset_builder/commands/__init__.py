"""The commands of ``python -m dataset_builder``, one module each: options, messages, output."""

import sys

from rich.console import Console

OUT = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 120)
