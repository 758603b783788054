"""After a table was restored: `python -m infra.reapply_erasures` erases again whoever had been erased.

A restored table is one from before some erasures. Their tombstones lie in the bucket, which no restore touches.
"""

import sys

from chalicelib import wiring
from chalicelib.services.reapply_erasures import reapply_erasures


def main() -> int:
    count = 0
    for count, erasure in enumerate(reapply_erasures(wiring.eraser()), start=1):  # noqa: B007
        print(erasure.person_id, erasure.state.value)
    print(f"{count} erased again.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
