"""Model packs: built from public weights, pinned by sha256, never committed.

`python -m layers.packs build pypi` fetches the sources, converts them and writes `build/packs/pypi`.
"""
