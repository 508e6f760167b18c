"""Fetching checkpoints: the one place of Duomo that speaks to the outside, when a person asks.

httpx and not a hub's own library: a pull has to stop at once, go on at the very byte, check every
file, and treat two hubs and their mirrors alike; the hub's library stays switched off (`models`).
"""
