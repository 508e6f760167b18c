"""Several engines and models run at once in the tests: one torch thread each.

Two pools of spinning OpenMP threads on the same cores slow each other down a hundredfold.
"""

import os
import signal

os.environ.setdefault("OMP_NUM_THREADS", "1")
for size_of_a_terminal in ("COLUMNS", "LINES"):  # told to workers; tests here have none
    os.environ.pop(size_of_a_terminal, None)
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    # So a shell begins what it runs in the background, and a process under test would inherit it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
