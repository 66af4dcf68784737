"""Identity cards of people who do not exist, printed and held into a selfie."""
