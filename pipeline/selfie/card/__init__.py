"""The identity card that a person holds in a selfie: where it is, and whether it bears the number that was given."""
