"""Photographs of people who do not exist, rendered from packaged or given faces."""
