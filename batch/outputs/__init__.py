"""What runs put on the disk: generations with their manifest, catalogued when they are whole, read back every night."""

from __future__ import annotations

from batch.outputs.generations import Published, publish

__all__ = ["Published", "publish"]
