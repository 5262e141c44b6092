"""Producers: where a dataset's bytes come from."""
