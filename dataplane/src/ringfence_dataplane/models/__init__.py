"""Embedders and language models: built in, local, or behind an OpenAI-compatible endpoint."""
