"""``python -m css`` is ``css``."""

from __future__ import annotations

import sys

from css.cli import main

sys.exit(main())
