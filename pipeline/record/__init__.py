"""The record: an append-only, signed log of whatever can change who gets a place; `gelombang history` tells it."""
