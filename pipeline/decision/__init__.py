"""The decision for every application, and the list of those who may send a new photograph."""
