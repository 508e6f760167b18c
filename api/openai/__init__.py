"""The engine in the form of OpenAI's API, under `/v1`: for clients that speak that already."""
