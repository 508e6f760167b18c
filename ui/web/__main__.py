"""`python -m ui.web`: serve the page in this process."""

from ui.web.server import serve

if __name__ == "__main__":
    serve()
