"""The web page: a Streamlit app over the engine's HTTP, with no state of its own."""
