"""`python -m fewpix` is `fewpix`, also where the folder of the program is not on PATH."""

from __future__ import annotations

import sys

from fewpix.cli import main

if __name__ == "__main__":
    sys.exit(main())
