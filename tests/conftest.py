"""Several engines and models run at once in the tests: one torch thread each.

Two pools of spinning OpenMP threads on the same cores slow each other down a hundredfold.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
for size_of_a_terminal in ("COLUMNS", "LINES"):  # told to workers; tests here have none
    os.environ.pop(size_of_a_terminal, None)
