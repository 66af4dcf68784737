"""The figures of a wave, counted and compared; no words and no markup."""
