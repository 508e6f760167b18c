"""Token-by-token decoding: attention caches, sampling, grammar masks."""
