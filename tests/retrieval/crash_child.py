"""Run by test_crash: index a folder, telling each batch, until killed."""

import sys
from pathlib import Path

from retrieval.library import Library
from tests.retrieval.pictures import ColourLayout

if __name__ == "__main__":
    root, folder = map(Path, sys.argv[1:])
    library = Library(root, ColourLayout())
    print("open", flush=True)
    library.index([folder], progress=lambda p: print(p.indexed, flush=True))
    library.close()
